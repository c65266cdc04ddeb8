import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { isRunning } from '../../../../test/fixtures/processes.ts';
import { createCaller } from '../../../../test/fixtures/stdio-caller.ts';
import {
  closeUpstreams,
  createLogFile,
  EVERYTHING,
  MODERN,
  RAW,
  startUpstream,
  textOf,
  tool,
} from '../../../../test/fixtures/stdio-servers.ts';

afterEach(closeUpstreams);

describe.skipIf(process.platform === 'win32')('createStdioUpstream', { timeout: 30_000 }, () => {
  describe('a modern caller and a legacy server', () => {
    it('is answered with what its revision requires', async () => {
      const caller = createCaller(startUpstream(EVERYTHING));
      const discovered = await caller.modern({ id: 'd', method: 'server/discover' }).finished;
      expect(discovered.status).toBe(200);
      expect(discovered.messages[0]).toMatchObject({
        id: 'd',
        result: {
          resultType: 'complete',
          supportedVersions: expect.arrayContaining(['2026-07-28']),
          ttlMs: 0,
          cacheScope: 'private',
        },
      });
      const list = await caller.modern({ id: 7, method: 'tools/list' }).finished;
      expect(list.headers.get('content-type')).toBe('application/json');
      expect(list.messages[0]).toMatchObject({
        id: 7,
        result: {
          resultType: 'complete',
          ttlMs: 0,
          cacheScope: 'private',
          _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'mcp-servers/everything' } },
        },
      });
      const called = await caller.modern({ id: '7', ...tool('echo', { message: 'hé\n' }) }).finished;
      expect(called.messages[0]).toMatchObject({ id: '7', result: { resultType: 'complete' } });
      expect(called.messages[0]?.['result']).not.toHaveProperty('ttlMs');
      expect(textOf(called.messages[0])).toBe('Echo: hé\n');
    });

    it.each(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'tasks/list', 'no/such'])(
      'does not know %s',
      async (method) => {
        const answer = await createCaller(startUpstream(RAW)).modern({ id: 1, method, params: { uri: 'a:b' } })
          .finished;
        expect(answer.status).toBe(404);
        expect(answer.messages[0]).toMatchObject({ id: 1, error: { code: -32601 } });
      },
    );

    it('translates an error code that the revision forbids', async () => {
      const answer = await createCaller(startUpstream(RAW)).modern({
        id: 1,
        method: 'resources/read',
        params: { uri: 'a:b' },
      }).finished;
      expect(answer.status).toBe(200);
      expect(answer.messages[0]).toMatchObject({ error: { code: -32602 } });
    });

    it('keeps 20 callers with equal ids apart over 2,000 calls', async () => {
      const upstream = startUpstream(RAW);
      let crossed = 0;
      await Promise.all(
        Array.from({ length: 20 }, async (_, who) => {
          const caller = createCaller(upstream, `caller-${who}`);
          for (let i = 0; i < 100; i += 1) {
            const text = `${who}/${i}`;
            const answer = await caller.modern({ id: i, ...tool('echo', { text, delayMs: (who * 7 + i * 13) % 12 }) })
              .finished;
            if (answer.messages[0]?.['id'] !== i || textOf(answer.messages[0]) !== text) crossed += 1;
          }
        }),
      );
      expect(crossed).toBe(0);
    });

    it('sends progress to the caller whose token it names, as that caller spelled it', async () => {
      const upstream = startUpstream(RAW);
      const answers = await Promise.all(
        Array.from(
          { length: 10 },
          (_, who) =>
            createCaller(upstream, `caller-${who}`).modern({
              id: 1,
              ...tool('progress', { text: `mine ${who}` }, { progressToken: who % 2 === 0 ? 't' : 1 }),
            }).finished,
        ),
      );
      for (const [who, answer] of answers.entries()) {
        expect(answer.headers.get('content-type')).toBe('text/event-stream');
        expect(answer.messages).toHaveLength(4);
        for (const message of answer.messages.slice(0, 3))
          expect(message['params']).toMatchObject({ progressToken: who % 2 === 0 ? 't' : 1, message: `mine ${who}` });
        expect(answer.messages[3]).toMatchObject({ id: 1 });
      }
    });

    it.each([{}, { elicitation: {} }])(
      'reads the ids of a server that writes all numbers as fractions',
      async (caps) => {
        const caller = createCaller(startUpstream(RAW, { env: { RAW_FRACTIONS: '1' }, callTimeoutMs: 5000 }));
        const answer = await caller.modern({ id: 7, ...tool('progress', {}, { progressToken: 'mine' }) }, caps)
          .finished;
        expect(answer.messages.map(({ id, params }) => id ?? params?.['progressToken'])).toEqual([
          'mine',
          'mine',
          'mine',
          7,
        ]);
      },
    );

    it('refuses a progress token that could be mistaken for another', async () => {
      const answer = await createCaller(startUpstream(RAW)).modern({
        id: 1,
        ...tool('progress', {}, { progressToken: true }),
      }).finished;
      expect(answer.refusal?.reason).toBe('params-invalid');
    });

    it('gives nobody what a shared server logs', async () => {
      const answer = await createCaller(startUpstream(RAW)).modern({
        id: 1,
        ...tool('log', { text: 'private' }, { 'io.modelcontextprotocol/logLevel': 'debug' }),
      }).finished;
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(answer.body).not.toContain('private');
    });

    it('tells the server within 1 s when a caller goes away', async () => {
      const log = createLogFile();
      const caller = createCaller(startUpstream(RAW, { env: { RAW_LOG: log } }));
      await caller.modern({ id: 1, method: 'tools/list' }).finished;
      const answer = caller.modern({ id: 9, ...tool('hang') });
      answer.leave();
      await expect.poll(() => readFileSync(log, 'utf8'), { timeout: 5000 }).toMatch(/cancelled \d+/);
    });

    it('listens to changes for those who asked, and watches a resource once', async () => {
      const log = createLogFile();
      const upstream = startUpstream(RAW, { env: { RAW_LOG: log } });
      const caller = createCaller(upstream);
      const listen = (id: unknown, notifications: Record<string, unknown>) =>
        caller.modern({ id, method: 'subscriptions/listen', params: { notifications } });
      const tools = listen('t', { toolsListChanged: true, promptsListChanged: true });
      const resources = listen(2, { resourceSubscriptions: ['a:x'] });
      const also = listen(3, { resourceSubscriptions: ['a:x'] });
      const acknowledged = await Promise.all([tools, resources, also].map((answer) => answer.message(() => true)));
      expect(acknowledged.map((message) => message['method'])).toEqual(
        Array(3).fill('notifications/subscriptions/acknowledged'),
      );
      expect(acknowledged[0]?.['params']).toEqual({
        _meta: { 'io.modelcontextprotocol/subscriptionId': 't' },
        notifications: { toolsListChanged: true },
      });
      await caller.modern({ id: 4, ...tool('changed', { uri: 'a:x' }) }).finished;
      await caller.modern({ id: 5, ...tool('changed', { uri: 'a:other' }) }).finished;
      expect(tools.messages.slice(1).map((message) => message['method'])).toEqual(
        Array(2).fill('notifications/tools/list_changed'),
      );
      expect(resources.messages.slice(1)).toEqual([
        {
          jsonrpc: '2.0',
          method: 'notifications/resources/updated',
          params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 2 }, uri: 'a:x' },
        },
      ]);
      resources.leave();
      also.leave();
      await expect.poll(() => readFileSync(log, 'utf8')).toContain('resources/unsubscribe');
      expect(readFileSync(log, 'utf8').match(/resources\/(un)?subscribe a:x/g)).toEqual([
        'resources/subscribe a:x',
        'resources/unsubscribe a:x',
      ]);
      await upstream.close();
      expect((await tools.finished).messages.at(-1)).toEqual({
        jsonrpc: '2.0',
        id: 't',
        result: { resultType: 'complete', _meta: { 'io.modelcontextprotocol/subscriptionId': 't' } },
      });
    });

    it.each(['crash', 'silent'])('gets on with a server that answers the probe with: %s', async (RAW_DISCOVER) => {
      const answer = await createCaller(startUpstream(RAW, { env: { RAW_DISCOVER } })).modern({
        id: 1,
        ...tool('echo', { text: 'hi' }),
      }).finished;
      expect(textOf(answer.messages[0])).toBe('hi');
    });
  });

  describe('a modern caller who can be asked, and a legacy server', () => {
    const capabilities = { elicitation: {}, sampling: {} };
    const sampled = { role: 'assistant', content: { type: 'text', text: 'forty-two' }, model: 'm' };

    it('is asked by an input_required result, and its retry goes on with the same call', async () => {
      const upstream = startUpstream(EVERYTHING);
      const caller = createCaller(upstream);
      const call = tool('trigger-sampling-request', { prompt: 'hi', maxTokens: 5 });
      const first = await caller.modern({ id: 1, ...call }, capabilities).finished;
      const { result } = first.messages[0] ?? {};
      expect(result).toMatchObject({
        resultType: 'input_required',
        requestState: expect.stringMatching(/^[\w-]{32}$/),
      });
      const [key = ''] = Object.keys(result.inputRequests);
      expect(result.inputRequests[key]).toMatchObject({ method: 'sampling/createMessage', params: { maxTokens: 5 } });
      const retry = {
        id: 2,
        method: call.method,
        params: { ...call.params, inputResponses: { [key]: sampled }, requestState: result.requestState },
      };

      const foreign = await createCaller(upstream, 'mallory').modern(retry, capabilities).finished;
      expect(foreign.refusal?.reason).toBe('params-invalid');
      const other = await caller.modern(
        { ...retry, params: { ...retry.params, arguments: { prompt: 'other', maxTokens: 5 } } },
        capabilities,
      ).finished;
      expect(other.refusal?.reason).toBe('params-invalid');

      const second = await caller.modern(retry, capabilities).finished;
      expect(second.messages[0]).toMatchObject({ id: 2, result: { resultType: 'complete' } });
      expect(JSON.stringify(second.messages[0])).toContain('forty-two');
      const again = await caller.modern({ ...retry, id: 3 }, capabilities).finished;
      expect(again.refusal?.reason).toBe('params-invalid');
    });

    it('is asked at its first call for what the server wanted to know before it', async () => {
      const caller = createCaller(startUpstream(EVERYTHING));
      const call = tool('get-roots-list');
      const first = await caller.modern({ id: 1, ...call }, { roots: {} }).finished;
      const { result } = first.messages[0] ?? {};
      expect(Object.values(result.inputRequests)).toMatchObject([{ method: 'roots/list' }]);
      const [key = ''] = Object.keys(result.inputRequests);
      const inputResponses = { [key]: { roots: [{ uri: 'file:///here', name: 'here' }] } };
      await caller.modern(
        { id: 2, ...call, params: { ...call.params, inputResponses, requestState: result.requestState } },
        { roots: {} },
      ).finished;
      const answer = await caller.modern({ id: 3, ...call }, { roots: {} }).finished;
      expect(JSON.stringify(answer.messages[0])).toContain('file:///here');
    });

    it('is asked before its first call reaches a server that wants to know it first', async () => {
      const caller = createCaller(startUpstream(RAW, { env: { RAW_ROOTS: '1' } }));
      const call = tool('roots');
      const first = await caller.modern({ id: 1, ...call }, { roots: {} }).finished;
      const { result } = first.messages[0] ?? {};
      const [key = ''] = Object.keys(result.inputRequests);
      const inputResponses = { [key]: { roots: [{ uri: 'file:///here' }] } };
      const retry = { ...call, params: { ...call.params, inputResponses, requestState: result.requestState } };
      const second = await caller.modern({ id: 2, ...retry }, { roots: {} }).finished;
      expect(textOf(second.messages[0])).toBe('[{"uri":"file:///here"}]');
      const third = await caller.modern({ id: 3, ...call }, { roots: {} }).finished;
      expect(textOf(third.messages[0])).toBe('[{"uri":"file:///here"}]');
    });

    it('is not asked for what it did not declare', async () => {
      const answer = await createCaller(startUpstream(EVERYTHING)).modern(
        { id: 1, ...tool('trigger-sampling-request', { prompt: 'x' }) },
        { elicitation: {} },
      ).finished;
      expect(answer.messages[0]?.['result']?.resultType).not.toBe('input_required');
    });

    it('whose question nobody answers any more leaves no child behind', async () => {
      const upstream = startUpstream(EVERYTHING, { maxChildren: 1 });
      const caller = createCaller(upstream);
      const answer = caller.modern(
        { id: 1, ...tool('trigger-long-running-operation', { duration: 20, steps: 2 }) },
        capabilities,
      );
      await new Promise((resolve) => setTimeout(resolve, 3000));
      answer.leave();
      await expect
        .poll(
          async () =>
            textOf(
              (await caller.modern({ id: 2, ...tool('echo', { message: 'x' }) }, capabilities).finished).messages[0],
            ),
          { timeout: 8000, interval: 200 },
        )
        .toBe('Echo: x');
    });

    it.each(['end-when-cancelled', 'ask-when-cancelled'])(
      'keeps the child of a call that it cancelled and that the child then ended: %s',
      async (name) => {
        const log = createLogFile();
        const caller = createCaller(startUpstream(RAW, { env: { RAW_LOG: log } }));
        const askPid = async (): Promise<unknown> =>
          textOf((await caller.modern({ id: 2, ...tool('pid') }, capabilities).finished).messages[0]);
        const pid = await askPid();
        const call = caller.modern({ id: 1, ...tool(name) }, capabilities);
        await expect.poll(() => readFileSync(log, 'utf8')).toContain('waits');
        call.leave();
        await expect.poll(() => readFileSync(log, 'utf8')).toContain('cancelled');
        await expect.poll(askPid, { timeout: 3000 }).toBe(pid);
        // Past the time in which a child must have ended the call.
        await new Promise((resolve) => setTimeout(resolve, 1200));
        expect(await askPid()).toBe(pid);
      },
    );

    it('waits behind no call of its own with what asks nothing, and behind 32 with a call', async () => {
      const caller = createCaller(startUpstream(RAW, { callTimeoutMs: 60_000 }));
      for (let id = 0; id < 36; id += 1) caller.modern({ id, ...tool('hang') }, capabilities);
      const list = await caller.modern({ id: 'list', method: 'tools/list' }, capabilities).finished;
      expect(list.messages[0]).toMatchObject({ id: 'list', result: { tools: [{ name: 'echo' }] } });
      const more = await caller.modern({ id: 'more', ...tool('hang') }, capabilities).finished;
      expect(more.refusal?.reason).toBe('limit-calls');
    });

    it('has what asks nothing served where no child of its own may be started', async () => {
      const log = createLogFile();
      const upstream = startUpstream(RAW, { maxChildren: 1, env: { RAW_LOG: log } });
      const [alice, bob] = [createCaller(upstream, 'alice'), createCaller(upstream, 'bob')];
      alice.modern({ id: 1, ...tool('hang') }, capabilities);
      await expect.poll(() => readFileSync(log, 'utf8'), { timeout: 5000 }).toContain('waits');
      const list = await bob.modern({ id: 2, method: 'tools/list' }, capabilities).finished;
      expect(list.messages[0]).toMatchObject({ result: { tools: [{ name: 'echo' }] } });
      expect((await bob.modern({ id: 3, ...tool('echo') }, capabilities).finished).refusal?.reason).toBe(
        'limit-sessions',
      );
    });

    it('hears of the changes that its own calls make, and nobody else does', async () => {
      const log = createLogFile();
      const upstream = startUpstream(RAW, { env: { RAW_LOG: log } });
      const [alice, bob] = [createCaller(upstream, 'alice'), createCaller(upstream, 'bob')];
      const notifications = { toolsListChanged: true, resourceSubscriptions: ['a:x'] };
      const streams = [alice, bob].map((caller) =>
        caller.modern({ id: 's', method: 'subscriptions/listen', params: { notifications } }, capabilities),
      );
      await Promise.all(streams.map((stream) => stream.message(() => true)));
      await alice.modern({ id: 1, ...tool('changed', { uri: 'a:x' }) }, capabilities).finished;
      expect(streams.map(({ messages }) => messages.slice(1).map(({ method }) => method))).toEqual([
        ['notifications/tools/list_changed', 'notifications/resources/updated'],
        [],
      ]);
      // Its process was asked to watch it too.
      expect(readFileSync(log, 'utf8').match(/resources\/subscribe a:x/g)).toHaveLength(2);
    });

    it('has calls of its own children at the same time, and as many as are allowed', async () => {
      const caller = createCaller(startUpstream(EVERYTHING, { maxChildren: 2 }));
      const answers = await Promise.all(
        ['a', 'b', 'c'].map(
          (message, id) => caller.modern({ id, ...tool('echo', { message }) }, capabilities).finished,
        ),
      );
      expect(answers.map((answer) => textOf(answer.messages[0]) ?? answer.refusal?.reason).sort()).toEqual([
        'Echo: a',
        'Echo: b',
        'limit-sessions',
      ]);
    });

    it('leaves nothing behind where it got no child, whatever it declares', async () => {
      const caller = createCaller(startUpstream(RAW, { maxChildren: 1 }));
      await caller.modern({ id: 1, ...tool('echo', { text: 'x' }) }, { roots: {} }).finished;
      const holding = caller.modern({ id: 2, ...tool('hang') }, { roots: {} });
      const refuse = async (i: number): Promise<void> => {
        const declared = { elicitation: { [`k${i}`]: 'x'.repeat(3900) } };
        const answer = await caller.modern({ id: 3, ...tool('echo', { text: 'x' }) }, declared).finished;
        expect(answer.refusal?.reason).toBe('limit-sessions');
      };
      for (let i = 0; i < 500; i += 1) await refuse(i);
      const before = usedHeap();
      for (let i = 500; i < 4500; i += 1) await refuse(i);
      // Their capabilities alone are 16 MB.
      expect(usedHeap() - before).toBeLessThan(4_000_000);
      holding.leave();
    });
  });

  describe('a legacy session and a legacy server', () => {
    it('has a child of its own, to which its messages go as they are', async () => {
      const caller = createCaller(startUpstream(RAW));
      const [one, two] = [await caller.openSession(), await caller.openSession()];
      expect(one).toMatch(/^[0-9a-f]{32}$/);
      const pids = await Promise.all(
        [one, two].map(async (session) =>
          textOf((await caller.legacy({ id: 1, ...tool('pid') }, session).finished).messages[0]),
        ),
      );
      expect(new Set(pids).size).toBe(2);
    });

    it('refuses an id that is in flight, an unknown session and none', async () => {
      const caller = createCaller(startUpstream(RAW));
      const session = await caller.openSession();
      void caller.legacy({ id: 'a', ...tool('hang') }, session);
      expect((await caller.legacy({ id: 'a', ...tool('pid') }, session).finished).refusal?.reason).toBe('id-in-use');
      expect((await caller.legacy({ id: 1, ...tool('pid') }, 'f'.repeat(32)).finished).refusal?.reason).toBe(
        'session-unknown',
      );
      expect((await caller.legacy({ id: 1, ...tool('pid') }).finished).refusal?.reason).toBe('session-missing');
    });

    it('gets progress on the stream of the request and changes on its own', async () => {
      const caller = createCaller(startUpstream(RAW));
      const session = await caller.openSession();
      const hanging = caller.legacy({ id: 0, ...tool('hang') }, session);
      const progress = await caller.legacy(
        { id: 1, ...tool('progress', { text: 'x' }, { progressToken: 'p' }) },
        session,
      ).finished;
      expect(progress.messages.map((message) => message['method'] ?? message['id'])).toEqual([
        ...Array(3).fill('notifications/progress'),
        1,
      ]);
      await caller.legacy({ id: 2, ...tool('changed', { uri: 'a:x' }) }, session).finished;
      const stream = caller.listen(session);
      expect(stream.messages.map((message) => message['method'])).toEqual([
        'notifications/tools/list_changed',
        'notifications/resources/updated',
      ]);
      expect(hanging.outcome).toBe('open');
    });

    it('is asked by the server on the stream of the call that caused it', async () => {
      const caller = createCaller(startUpstream(EVERYTHING));
      const session = await caller.openSession({ sampling: {} });
      const answer = caller.legacy(
        { id: 1, ...tool('trigger-sampling-request', { prompt: 'hi', maxTokens: 5 }) },
        session,
      );
      const question = await answer.message((message) => message['method'] === 'sampling/createMessage');
      const sent = await caller.legacy(
        { id: question['id'], result: { role: 'assistant', content: { type: 'text', text: 'forty-two' }, model: 'm' } },
        session,
      ).finished;
      expect(sent.status).toBe(202);
      expect(JSON.stringify((await answer.finished).messages.at(-1))).toContain('forty-two');
    });

    it('ends with its child: by DELETE, by the gateway, or when the child dies', async () => {
      const upstream = startUpstream(RAW);
      const caller = createCaller(upstream);
      const [deleted, expired, dead] = [
        await caller.openSession(),
        await caller.openSession(),
        await caller.openSession(),
      ];
      expect((await caller.remove(deleted).finished).status).toBe(200);
      upstream.endSession(expired);
      expect((await caller.legacy({ id: 1, ...tool('exit') }, dead).finished).refusal?.reason).toBe('upstream-exited');
      for (const session of [deleted, expired, dead])
        expect((await caller.legacy({ id: 1, ...tool('pid') }, session).finished).refusal?.reason).toBe(
          'session-unknown',
        );
    });

    it('is not left behind when its opener goes away', async () => {
      const caller = createCaller(startUpstream(RAW, { maxChildren: 1 }));
      const initialize = {
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
      };
      caller.legacy(initialize).leave();
      await expect
        .poll(async () => (await caller.legacy(initialize).finished).status, { timeout: 5000, interval: 200 })
        .toBe(200);
    });

    it('is refused when as many children run as may', async () => {
      const caller = createCaller(startUpstream(RAW, { maxChildren: 1 }));
      const session = await caller.openSession();
      const initialize = {
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
      };
      expect((await caller.legacy(initialize).finished).refusal?.reason).toBe('limit-sessions');
      await caller.remove(session).finished;
      await expect.poll(async () => (await caller.legacy(initialize).finished).status).toBe(200);
    });

    it('has at most 1,000 calls under way, those of callers who left among them', async () => {
      const caller = createCaller(startUpstream(RAW));
      const session = await caller.openSession();
      const calls = Array.from({ length: 1000 }, (_, id) => caller.legacy({ id, ...tool('hang') }, session));
      for (const call of calls.slice(0, 500)) call.leave();
      expect((await caller.legacy({ id: 'over', ...tool('pid') }, session).finished).refusal?.reason).toBe(
        'upstream-unreachable',
      );
      const cancel = { method: 'notifications/cancelled', params: { requestId: 999 } };
      expect((await caller.legacy(cancel, session).finished).status).toBe(202);
      await calls[999]?.finished;
      expect((await caller.legacy({ id: 'again', ...tool('pid') }, session).finished).status).toBe(200);
    });

    it('has a place before whoever comes later, however long its channel takes to open', async () => {
      for (let round = 0; round < 5; round += 1) {
        const caller = createCaller(startUpstream(RAW, { maxChildren: 3 }));
        await caller.modern({ id: 1, ...tool('pid') }).finished;
        const opened = await Promise.allSettled(Array.from({ length: 6 }, () => caller.openSession()));
        expect(opened.map(({ status }) => status === 'fulfilled')).toEqual([true, true, true, false, false, false]);
        await closeUpstreams();
      }
    });

    it('is closed only when every process is gone, those of sessions that just ended too', async () => {
      const upstream = startUpstream(RAW, { env: { RAW_STUBBORN: '1' } });
      const caller = createCaller(upstream);
      const sessions = [await caller.openSession(), await caller.openSession()] as const;
      const answers = sessions.map((session) => caller.legacy({ id: 1, ...tool('pid') }, session).finished);
      const pids = (await Promise.all(answers)).map(({ messages }) => Number(textOf(messages[0])));
      expect(pids.map(isRunning)).toEqual([true, true]);
      caller.remove(sessions[0]);
      await upstream.close();
      expect(pids.map(isRunning)).toEqual([false, false]);
    });

    it('ends the stream of a cancelled request', async () => {
      const log = createLogFile();
      const caller = createCaller(startUpstream(RAW, { env: { RAW_LOG: log } }));
      const session = await caller.openSession();
      const answer = caller.legacy({ id: 'h', ...tool('hang') }, session);
      await caller.legacy({ method: 'notifications/cancelled', params: { requestId: 'h' } }, session).finished;
      expect((await answer.finished).messages).toEqual([]);
      expect(readFileSync(log, 'utf8')).toContain('cancelled h');
    });
  });

  describe('a modern caller and a modern server', () => {
    it('is connected by nothing but its ids', async () => {
      const caller = createCaller(startUpstream(MODERN));
      const discovered = await caller.modern({ id: 'd', method: 'server/discover' }).finished;
      expect(discovered.messages[0]).toMatchObject({ id: 'd', result: { supportedVersions: ['2026-07-28'] } });
      const steps = await caller.modern({ id: 's', ...tool('steps', {}, { progressToken: 'p' }) }).finished;
      expect(steps.messages.map((message) => message['params']?.progressToken ?? message['id'])).toEqual([
        'p',
        'p',
        'p',
        's',
      ]);
      const asked = await caller.modern({ id: 1, ...tool('ask') }, { elicitation: { form: {} } }).finished;
      expect(asked.messages[0]).toMatchObject({ id: 1, result: { resultType: 'input_required' } });
      const unable = await caller.modern({ id: 1, ...tool('ask') }).finished;
      expect([unable.status, unable.messages[0]?.['error']?.code]).toEqual([400, -32021]);
      const unknown = await caller.modern({ id: 1, method: 'no/such' }).finished;
      expect([unknown.status, unknown.messages[0]?.['error']?.code]).toEqual([404, -32601]);
    });

    it('listens under its own id', async () => {
      const caller = createCaller(startUpstream(MODERN));
      const listening = caller.modern({
        id: 'mine',
        method: 'subscriptions/listen',
        params: { notifications: { toolsListChanged: true } },
      });
      await listening.message((message) => message['method'] === 'notifications/subscriptions/acknowledged');
      await caller.modern({ id: 'x', ...tool('change') }).finished;
      await listening.message((message) => message['method'] === 'notifications/tools/list_changed');
      for (const message of listening.messages)
        expect(message['params']['_meta']['io.modelcontextprotocol/subscriptionId']).toBe('mine');
    });

    it('is not offered the log messages of a process that many share, in either era', async () => {
      const caller = createCaller(startUpstream(MODERN));
      const discovered = await caller.modern({ id: 'd', method: 'server/discover' }).finished;
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
      const initialized = await caller.legacy({ id: 'd', method: 'initialize', params }).finished;
      for (const { messages } of [discovered, initialized])
        expect(messages[0]).toMatchObject({ id: 'd', result: { capabilities: { tools: { listChanged: true } } } });
      expect(discovered.messages[0]?.['result']).toMatchObject({ resultType: 'complete', ttlMs: expect.any(Number) });
      for (const { messages } of [discovered, initialized])
        expect(messages[0]?.['result'].capabilities).not.toHaveProperty('logging');
      const session = initialized.headers.get('mcp-session-id') as string;
      const level = { id: 'l', method: 'logging/setLevel', params: { level: 'debug' } };
      expect((await caller.legacy(level, session).finished).messages[0]).toMatchObject({ error: { code: -32601 } });
    });

    it('cancels by going away', async () => {
      const log = createLogFile();
      const caller = createCaller(startUpstream(MODERN, { env: { MODERN_LOG: log } }));
      await caller.modern({ id: 1, method: 'tools/list' }).finished;
      const answer = caller.modern({ id: 2, ...tool('hang') });
      await expect.poll(() => readFileSync(log, 'utf8'), { timeout: 5000 }).toContain('waits');
      answer.leave();
      await expect.poll(() => readFileSync(log, 'utf8'), { timeout: 5000 }).toContain('aborted');
    });
  });

  describe('a legacy client and a modern server', () => {
    it('has a session that the gateway plays', async () => {
      const caller = createCaller(startUpstream(MODERN));
      const session = await caller.openSession();
      expect((await caller.legacy({ id: 1, method: 'ping' }, session).finished).messages[0]).toEqual({
        jsonrpc: '2.0',
        id: 1,
        result: {},
      });
      expect((await caller.legacy({ id: 2, method: 'tools/list' }, session).finished).messages[0]).toMatchObject({
        id: 2,
        result: { tools: expect.any(Array) },
      });
      expect(
        textOf((await caller.legacy({ id: 3, ...tool('echo', { text: 'hi' }) }, session).finished).messages[0]),
      ).toBe('hi');
      const steps = await caller.legacy({ id: 4, ...tool('steps', {}, { progressToken: 9 }) }, session).finished;
      expect(steps.messages.map((message) => message['params']?.progressToken ?? message['id'])).toEqual([9, 9, 9, 4]);
    });

    it('has one too where the server is slow to start', async () => {
      const caller = createCaller(startUpstream(MODERN, { env: { MODERN_STARTS_AFTER_MS: '4000' } }));
      const session = await caller.openSession();
      const answer = await caller.legacy({ id: 1, ...tool('echo', { text: 'hi' }) }, session).finished;
      expect(textOf(answer.messages[0])).toBe('hi');
    });

    it('is asked as its revision asks, and the call goes on with its answer', async () => {
      const caller = createCaller(startUpstream(MODERN));
      const session = await caller.openSession({ elicitation: {} });
      const answer = caller.legacy({ id: 1, ...tool('ask') }, session);
      const question = await answer.message((message) => message['method'] === 'elicitation/create');
      await caller.legacy({ id: question['id'], result: { action: 'accept', content: { name: 'Ada' } } }, session)
        .finished;
      expect(textOf((await answer.finished).messages.at(-1))).toBe('hello Ada');
    });

    it('hears of changes on its GET stream', async () => {
      const caller = createCaller(startUpstream(MODERN));
      const session = await caller.openSession();
      const stream = caller.listen(session);
      // The subscription upstream is under way since `initialized`; changes before it are nobody's.
      await expect
        .poll(
          async () => {
            await caller.legacy({ id: 1, ...tool('change') }, session).finished;
            return stream.messages[0];
          },
          { timeout: 10_000 },
        )
        .toEqual({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: {} });
    });

    it('has a server that also speaks its revision as it is', async () => {
      const caller = createCaller(startUpstream(MODERN, { env: { BOTH_ERAS: '1' } }));
      const session = await caller.openSession({ elicitation: {} });
      const answer = caller.legacy({ id: 1, ...tool('ask') }, session);
      const question = await answer.message((message) => message['method'] === 'elicitation/create');
      await caller.legacy({ id: question['id'], result: { action: 'accept', content: { name: 'Ada' } } }, session)
        .finished;
      const result = (await answer.finished).messages.at(-1)?.['result'];
      expect(result.content[0].text).toBe('hello Ada');
      expect(result).not.toHaveProperty('resultType');
    });
  });
});

function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
