import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { createCaller } from '../../../../../test/fixtures/stdio-caller.ts';
import {
  closeUpstreams,
  createLogFile,
  EVERYTHING,
  MODERN,
  RAW,
  startUpstream,
  textOf,
  tool,
} from '../../../../../test/fixtures/stdio-servers.ts';
import type { Collected } from '../../../../../test/fixtures/answer-collector.ts';
import type { StdioUpstreamOptions } from '../stdio.ts';

afterEach(closeUpstreams);

const start = (command: readonly string[], more: Partial<StdioUpstreamOptions> = {}) =>
  startUpstream(command, { shareSessions: true, ...more });

const initialize = (protocolVersion: string) => ({
  id: 0,
  method: 'initialize',
  params: { protocolVersion, capabilities: { sampling: {} }, clientInfo: { name: 'x', version: '1' } },
});

const subscribe = (id: number, uri: string) => ({ id, method: 'resources/subscribe', params: { uri } });

/** Answers what is asked of resources after a second, and writes it down. */
const SLOW_TO_SUBSCRIBE = `
  const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line);
    if (method === 'server/discover') say({ id, error: { code: -32601, message: 'unknown' } });
    if (method === 'initialize')
      say({ id, result: {
        protocolVersion: params.protocolVersion,
        capabilities: { resources: { subscribe: true } },
        serverInfo: { name: 'slow', version: '1' },
      } });
    if (!method.startsWith('resources/')) return;
    require('node:fs').appendFileSync(process.env.LOG, method + '\\n');
    setTimeout(() => say({ id, result: {} }), 1000);
  });`;

describe.skipIf(process.platform === 'win32')('SharedSession', { timeout: 30_000 }, () => {
  it('shares one process with the others and with callers of 2026-07-28, however few there may be', async () => {
    const upstream = start(RAW, { maxChildren: 1 });
    const callers = ['alice', 'bob', 'carol'].map((name) => createCaller(upstream, name));
    const sessions = await Promise.all(callers.map((caller) => caller.openSession()));
    expect(new Set(sessions).size).toBe(3);
    const answers = await Promise.all([
      ...callers.map((caller, at) => caller.legacy({ id: 1, ...tool('pid') }, sessions[at] ?? null).finished),
      createCaller(upstream, 'dave').modern({ id: 1, ...tool('pid') }).finished,
    ]);
    expect(new Set(answers.map(({ messages }) => textOf(messages[0]))).size).toBe(1);
    expect(answers.map(({ messages }) => messages[0]?.['id'])).toEqual([1, 1, 1, 1]);
  });

  it('opens with what the server said of itself, but for what cannot be shared', async () => {
    const answer = await createCaller(start(RAW)).legacy(initialize('2025-06-18')).finished;
    expect(answer.headers.get('mcp-session-id')).toMatch(/^[0-9a-f]{32}$/);
    expect(answer.messages).toEqual([
      {
        jsonrpc: '2.0',
        id: 0,
        result: {
          protocolVersion: '2025-06-18',
          capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } },
          serverInfo: { name: 'raw', version: '1' },
          instructions: 'be nice',
        },
      },
    ]);
  });

  it('lets nobody take all the calls that the process may have under way', async () => {
    const upstream = start(RAW);
    const [alice, bob] = [createCaller(upstream, 'alice'), createCaller(upstream, 'bob')];
    const bobs = await bob.openSession();
    const hanging: Collected[] = [];
    for (let session = 0; session < 55; session += 1) {
      const id = await alice.openSession();
      for (let call = 1; call <= 100; call += 1) hanging.push(alice.legacy({ id: call, ...tool('hang') }, id));
    }
    expect(hanging.filter(({ refusal }) => refusal === null)).toHaveLength(5000);
    expect(hanging.at(-1)?.refusal?.reason).toBe('upstream-unreachable');
    const answer = await bob.legacy({ id: 1, ...tool('pid') }, bobs).finished;
    expect(answer.messages[0]).toHaveProperty('result');
  });

  it('keeps 20 sessions with equal ids apart over 1,000 calls', async () => {
    const upstream = start(RAW);
    let crossed = 0;
    await Promise.all(
      Array.from({ length: 20 }, async (_, who) => {
        const caller = createCaller(upstream, `caller-${who}`);
        const session = await caller.openSession();
        for (let i = 0; i < 50; i += 1) {
          const text = `${who}/${i}`;
          const call = tool('echo', { text, delayMs: (who * 7 + i * 13) % 12 });
          const answer = await caller.legacy({ id: i, ...call }, session).finished;
          if (answer.messages[0]?.['id'] !== i || textOf(answer.messages[0]) !== text) crossed += 1;
        }
      }),
    );
    expect(crossed).toBe(0);
  });

  it('gets progress under its own token, and refuses one that could be mistaken for another', async () => {
    const upstream = start(RAW);
    await Promise.all(
      ['t', 1, 't', 1].map(async (progressToken, who) => {
        const caller = createCaller(upstream, `caller-${who}`);
        const session = await caller.openSession();
        const call = tool('progress', { text: `mine ${who}` }, { progressToken });
        const { messages } = await caller.legacy({ id: 'p', ...call }, session).finished;
        for (const message of messages.slice(0, 3))
          expect(message['params']).toMatchObject({ progressToken, message: `mine ${who}` });
        expect(messages[3]).toMatchObject({ id: 'p' });
      }),
    );
    const caller = createCaller(upstream);
    const call = tool('progress', {}, { progressToken: true });
    const refused = await caller.legacy({ id: 1, ...call }, await caller.openSession()).finished;
    expect(refused.refusal?.reason).toBe('params-invalid');
  });

  it('cancels its own call and not that of another session with the same id', async () => {
    const log = createLogFile();
    const upstream = start(RAW, { env: { RAW_LOG: log } });
    const [one, other] = [createCaller(upstream, 'one'), createCaller(upstream, 'other')];
    const sessions = [await one.openSession(), await other.openSession()] as const;
    const calls = [
      one.legacy({ id: 'h', ...tool('hang') }, sessions[0]),
      other.legacy({ id: 'h', ...tool('hang') }, sessions[1]),
    ] as const;
    const cancel = { method: 'notifications/cancelled', params: { requestId: 'h' } };
    expect((await one.legacy(cancel, sessions[0]).finished).status).toBe(202);
    expect((await calls[0].finished).messages).toEqual([]);
    await one.legacy({ id: 'h', ...tool('pid') }, sessions[0]).finished;
    expect(calls[1].outcome).toBe('open');
    expect(readFileSync(log, 'utf8').match(/cancelled/g)).toHaveLength(1);
  });

  it('hears of lists, of the resources it watches, and of nothing else', async () => {
    const log = createLogFile();
    const upstream = start(RAW, { env: { RAW_LOG: log } });
    const [one, other] = [createCaller(upstream, 'one'), createCaller(upstream, 'other')];
    const sessions = [await one.openSession(), await other.openSession()] as const;
    await Promise.all([
      one.legacy(subscribe(1, 'a:x'), sessions[0]).finished,
      one.legacy(subscribe(2, 'a:both'), sessions[0]).finished,
      other.legacy(subscribe(1, 'a:both'), sessions[1]).finished,
    ]);
    const streams = [one.listen(sessions[0]), other.listen(sessions[1])] as const;
    await one.legacy({ id: 3, ...tool('log', { text: 'secret' }) }, sessions[0]).finished;
    await one.legacy({ id: 4, ...tool('changed', { uri: 'a:x' }) }, sessions[0]).finished;
    await one.legacy({ id: 5, ...tool('changed', { uri: 'a:both' }) }, sessions[0]).finished;
    const heard = streams.map(({ messages }) => messages.map(({ method, params }) => params?.uri ?? method));
    const list = 'notifications/tools/list_changed';
    expect(heard).toEqual([
      [list, 'a:x', list, 'a:both'],
      [list, list, 'a:both'],
    ]);
    const unsubscribe = { id: 6, method: 'resources/unsubscribe', params: { uri: 'a:both' } };
    expect((await one.legacy(unsubscribe, sessions[0]).finished).messages[0]).toMatchObject({ result: {} });
    expect(readFileSync(log, 'utf8')).not.toContain('resources/unsubscribe');
    await other.remove(sessions[1]).finished;
    await expect.poll(() => readFileSync(log, 'utf8')).toContain('resources/unsubscribe a:both');
    expect(readFileSync(log, 'utf8').match(/resources\/subscribe a:both/g)).toHaveLength(1);
  });

  it('asks a slow server once for what a client wants, and wants no more, over and over', async () => {
    const log = createLogFile();
    const caller = createCaller(start([process.execPath, '-e', SLOW_TO_SUBSCRIBE], { env: { LOG: log } }));
    const session = await caller.openSession();
    const asked: Collected[] = [];
    for (let id = 1; id <= 50; id += 1) {
      asked.push(caller.legacy(subscribe(id, 'a:x'), session));
      caller.legacy({ id: 1000 + id, method: 'resources/unsubscribe', params: { uri: 'a:x' } }, session);
    }
    await Promise.all(asked.map(({ finished }) => finished));
    await expect.poll(() => readFileSync(log, 'utf8')).toBe('resources/subscribe\nresources/unsubscribe\n');
    expect((await caller.legacy(subscribe(1, 'a:x'), session).finished).messages[0]).toMatchObject({ result: {} });
    expect(readFileSync(log, 'utf8').match(/resources\/subscribe/g)).toHaveLength(2);
  });

  it.each(['logging/setLevel', 'tasks/list', 'server/discover', 'subscriptions/listen', 'no/such'])(
    'does not know %s',
    async (method) => {
      const caller = createCaller(start(RAW));
      const answer = await caller.legacy({ id: 1, method, params: {} }, await caller.openSession()).finished;
      expect([answer.status, answer.messages[0]?.['error'].code]).toEqual([200, -32601]);
    },
  );

  it('answers a ping itself, and a second initialize with an error', async () => {
    const caller = createCaller(start(RAW));
    const session = await caller.openSession();
    expect((await caller.legacy({ id: 1, method: 'ping' }, session).finished).messages).toEqual([
      { jsonrpc: '2.0', id: 1, result: {} },
    ]);
    const again = await caller.legacy({ ...initialize('2025-11-25'), id: 2 }, session).finished;
    expect(again.messages[0]?.['error'].code).toBe(-32600);
    expect((await caller.legacy({ id: 3, ...tool('pid') }, session).finished).status).toBe(200);
  });

  it('refuses an id that is in flight, and more than 100 calls', async () => {
    const caller = createCaller(start(RAW));
    const session = await caller.openSession();
    const calls = Array.from({ length: 100 }, (_, id) => caller.legacy({ id, ...tool('hang') }, session));
    for (const call of calls.slice(0, 50)) call.leave();
    const reasonOf = async (id: number) => (await caller.legacy({ id, ...tool('pid') }, session).finished).refusal;
    expect((await reasonOf(7))?.reason).toBe('id-in-use');
    expect((await reasonOf(100))?.reason).toBe('upstream-unreachable');
    const other = await caller.openSession();
    expect((await caller.legacy({ id: 7, ...tool('pid') }, other).finished).status).toBe(200);
  });

  it('ends alone by DELETE or by the gateway, and with all others when the process dies', async () => {
    const upstream = start(RAW);
    const caller = createCaller(upstream);
    const sessions = await Promise.all(Array.from({ length: 4 }, () => caller.openSession()));
    const [deleted, expired, killing, bystander] = sessions as [string, string, string, string];
    expect((await caller.remove(deleted).finished).status).toBe(200);
    upstream.endSession(expired);
    const waiting = caller.legacy({ id: 1, ...tool('hang') }, bystander);
    expect((await caller.legacy({ id: 2, ...tool('pid') }, bystander).finished).status).toBe(200);
    const exit = await caller.legacy({ id: 1, ...tool('exit') }, killing).finished;
    expect([exit.refusal?.reason, (await waiting.finished).refusal?.reason]).toEqual([
      'upstream-exited',
      'upstream-exited',
    ]);
    for (const session of sessions)
      expect((await caller.legacy({ id: 3, ...tool('pid') }, session).finished).refusal?.reason).toBe(
        'session-unknown',
      );
    await expect
      .poll(async () => (await caller.legacy(initialize('2025-11-25')).finished).status, { timeout: 5000 })
      .toBe(200);
  });

  it('is one for a server of both revisions too, and asks nobody on behalf of others', async () => {
    const both = createCaller(start(MODERN, { env: { BOTH_ERAS: '1' } }));
    const session = await both.openSession();
    expect(textOf((await both.legacy({ id: 1, ...tool('echo', { text: 'hi' }) }, session).finished).messages[0])).toBe(
      'hi',
    );
    const caller = createCaller(start(EVERYTHING));
    const sampling = tool('trigger-sampling-request', { prompt: 'hi', maxTokens: 5 });
    const { messages } = await caller.legacy({ id: 1, ...sampling }, await caller.openSession({ sampling: {} }))
      .finished;
    expect(messages).toHaveLength(1);
    expect(JSON.stringify(messages[0])).not.toContain('sampling/createMessage"');
  });
});
