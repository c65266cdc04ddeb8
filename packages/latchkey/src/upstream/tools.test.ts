import { describe, expect, it } from 'vitest';
import { createCaller } from '../../../../test/fixtures/stdio-caller.ts';
import { textOf, tool } from '../../../../test/fixtures/stdio-servers.ts';
import type { DeclaredTool, DeclaredTools, ToolResult, ToolRunner } from '../core/declared-tool.ts';
import { toMcpLine } from '../core/mcp-line.ts';
import { toWire } from '../core/wire.ts';
import { refuse } from '../core/reason.ts';
import { createToolsUpstream, type ToolsUpstream, type ToolsUpstreamOptions } from './tools.ts';

function declare(...names: readonly string[]): DeclaredTools {
  return { name: 'site', version: '1.2.0', description: 'What the site can do.', tools: names.map(toTool) };
}

function toTool(name: string): DeclaredTool {
  return {
    name,
    description: `${name} it`,
    parameters: [],
    action: { kind: 'command', command: 'true', args: [], workingDirectory: '/' },
    environment: {},
    hidden: [],
    sandbox: null,
    timeoutMs: name === 'quick' ? 1 : 60_000,
    maxOutputBytes: 1024,
    tests: [],
  };
}

/** Runs no program: `echo` gives its arguments, `hang` and `quick` end by an abort alone, `crash` breaks its promise. */
interface NotedRunner extends ToolRunner {
  readonly started: string[];
  readonly ended: string[];
}

async function runTool(name: string, args: unknown, signal: AbortSignal): Promise<ToolResult> {
  if (name === 'crash') throw new Error('broken');
  if (name === 'echo') return { text: JSON.stringify(args), isError: false };
  if (name === 'fail') return { text: 'exit code 3', isError: true };
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  return { text: 'aborted', isError: true };
}

function createRunner(): NotedRunner {
  const started: string[] = [];
  const ended: string[] = [];
  return {
    started,
    ended,
    async call({ name }, args, signal) {
      const label = `${name} ${(args as { label?: string }).label ?? ''}`.trim();
      started.push(label);
      return runTool(name, args, signal).finally(() => ended.push(label));
    },
    close: async () => void ended.push('closed'),
  };
}

interface Site {
  readonly upstream: ToolsUpstream;
  readonly runner: NotedRunner;
  readonly said: string[];
}

function start(more: Partial<ToolsUpstreamOptions> = {}): Site {
  const runner = createRunner();
  const said: string[] = [];
  const upstream = createToolsUpstream({
    tools: declare('echo', 'hang', 'quick', 'fail', 'crash'),
    runner,
    toInputSchema: ({ name }) => ({ type: 'object', title: name, additionalProperties: false }),
    protocol: 'both',
    callTimeoutMs: 20_000,
    log: (_level, text) => void said.push(text),
    ...more,
  });
  return { upstream, runner, said };
}

/** What `echo` says of arguments as they are written. */
async function echo(args: string): Promise<unknown> {
  const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${args}}}`;
  const answer = await createCaller(start().upstream).raw(body).finished;
  const { isError, content } = answer.messages[0]?.['result'] ?? {};
  return isError ? 'refused' : content[0].text;
}

const listen = (toolsListChanged: boolean) => ({
  id: 'sub',
  method: 'subscriptions/listen',
  params: { notifications: { toolsListChanged, promptsListChanged: true } },
});

const SERVER = { name: 'site', version: '1.2.0', description: 'What the site can do.' };
const META = { 'io.modelcontextprotocol/serverInfo': SERVER };

describe('createToolsUpstream', () => {
  describe('for a modern caller', () => {
    it('says what it is', async () => {
      const answer = await createCaller(start().upstream).modern({ id: 'd', method: 'server/discover' }).finished;
      expect(answer.status).toBe(200);
      expect(answer.messages).toEqual([
        {
          jsonrpc: '2.0',
          id: 'd',
          result: {
            resultType: 'complete',
            supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'],
            capabilities: { tools: { listChanged: true } },
            ttlMs: 0,
            cacheScope: 'private',
            _meta: META,
          },
        },
      ]);
    });

    it('offers its own revision alone where no other is served', async () => {
      const { upstream } = start({ protocol: 'modern' });
      const answer = await createCaller(upstream).modern({ id: 1, method: 'server/discover' }).finished;
      expect(answer.messages[0]?.['result'].supportedVersions).toEqual(['2026-07-28']);
    });

    it('lists the tools on one page, in the order of the file', async () => {
      const answer = await createCaller(start().upstream).modern({ id: 1, method: 'tools/list' }).finished;
      const { tools, ...rest } = answer.messages[0]?.['result'] ?? {};
      expect(tools.map(({ name }: { name: string }) => name)).toEqual(['echo', 'hang', 'quick', 'fail', 'crash']);
      expect(tools[0]).toEqual({
        name: 'echo',
        description: 'echo it',
        inputSchema: { type: 'object', title: 'echo', additionalProperties: false },
      });
      expect(rest).toEqual({ resultType: 'complete', ttlMs: 0, cacheScope: 'private', _meta: META });
      expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(answer.body)));
    });

    it('runs a tool and gives its result as plain JSON', async () => {
      const caller = createCaller(start().upstream);
      const answer = await caller.modern({ id: 'x', ...tool('echo', { text: 'żółw\n"' }) }).finished;
      expect(answer.messages).toEqual([
        {
          jsonrpc: '2.0',
          id: 'x',
          result: {
            resultType: 'complete',
            content: [{ type: 'text', text: '{"text":"żółw\\n\\""}' }],
            isError: false,
            _meta: META,
          },
        },
      ]);
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(answer.body)));
    });

    it('tells a model of a tool that failed', async () => {
      const answer = await createCaller(start().upstream).modern({ id: 1, ...tool('fail') }).finished;
      expect(answer.status).toBe(200);
      expect(answer.messages[0]?.['result']).toMatchObject({ isError: true, content: [{ text: 'exit code 3' }] });
    });

    it('says of an unknown tool what the gateway says of a hidden one', async () => {
      const answer = await createCaller(start().upstream).modern({ id: 7, ...tool('nothing') }).finished;
      const hidden = toWire(refuse('policy-hidden', { id: '7' }), {
        resourceMetadata: null,
        requestId: 'r',
        legacy: false,
        unknownTokenStatus: 401,
        proofAlgorithms: null,
        mcp: toMcpLine,
      });
      expect([answer.status, answer.body]).toEqual([hidden.status, hidden.body]);
      expect(answer.messages[0]?.['error'].code).toBe(-32602);
      const { 'content-length': _, ...headers } = Object.fromEntries(answer.headers);
      expect(Object.entries(headers).flat()).toEqual(hidden.headers);
    });

    it.each(['ping', 'initialize', 'prompts/list', 'resources/read', 'completion/complete', 'x/y'])(
      'does not know %s',
      async (method) => {
        const params = { uri: 'a:b', ref: { type: 'ref/prompt', name: 'a' } };
        const answer = await createCaller(start().upstream).modern({ id: 1, method, params }).finished;
        expect([answer.status, answer.messages[0]?.['error'].code]).toEqual([404, -32601]);
      },
    );

    it('knows no cursor, since it gives none', async () => {
      const answer = await createCaller(start().upstream).modern({
        id: 1,
        method: 'tools/list',
        params: { cursor: 'a' },
      }).finished;
      expect(answer.messages[0]?.['error'].code).toBe(-32602);
    });

    it('takes notifications and never answers them', async () => {
      const { upstream, runner } = start();
      for (const method of ['notifications/cancelled', 'notifications/initialized', 'notifications/tools/call']) {
        const answer = await createCaller(upstream).modern({ method, params: { name: 'echo', requestId: 1 } }).finished;
        expect([answer.status, answer.body]).toEqual([202, '']);
      }
      expect(runner.started).toEqual([]);
    });

    it('ends the run of a caller who left', async () => {
      const { upstream, runner } = start();
      const caller = createCaller(upstream);
      const [left, stays] = ['left', 'stays'].map((label) => caller.modern({ id: 1, ...tool('hang', { label }) }));
      left?.leave();
      await expect.poll(() => runner.ended).toEqual(['hang left']);
      expect(stays?.outcome).toBe('open');
    });

    it('hears of a run that broke', async () => {
      const { upstream, said } = start();
      const answer = await createCaller(upstream).modern({ id: 1, ...tool('crash') }).finished;
      expect([answer.outcome, answer.refusal?.reason]).toEqual(['failed', 'internal']);
      expect(said).toEqual(['a tool could not be run']);
    });
  });

  describe('numbers in arguments', () => {
    it.each([
      ['{"n":9007199254740993}', 'refused'],
      ['{"a":[{"b":-12345678901234567890}]}', 'refused'],
      ['{"n":1e400}', 'refused'],
      ['{"n":9007199254740992}', '{"n":9007199254740992}'],
      ['{"n":1e3,"m":0.12345678901234567}', '{"n":1000,"m":0.12345678901234566}'],
      ['{"n":"12345678901234567890"}', '{"n":"12345678901234567890"}'],
      ['{}', '{}'],
    ])('takes %s for %s', async (args, text) => {
      expect(await echo(args)).toBe(text);
    });
  });

  describe('calls', () => {
    it('end though the runner does not end them', async () => {
      const { upstream, runner } = start({ callTimeoutMs: 20 });
      const answer = await createCaller(upstream).modern({ id: 1, ...tool('quick') }).finished;
      expect(answer.refusal?.reason).toBe('upstream-timeout');
      await expect.poll(() => runner.ended).toEqual(['quick']);
    });

    it('end with the server', async () => {
      const { upstream, runner } = start();
      const caller = createCaller(upstream);
      const session = await caller.openSession();
      const calls = [caller.modern({ id: 1, ...tool('hang') }), caller.legacy({ id: 1, ...tool('hang') }, session)];
      await upstream.close();
      for (const call of calls) expect((await call.finished).refusal?.reason).toBe('shutting-down');
      await expect.poll(() => runner.ended.toSorted()).toEqual(['closed', 'hang', 'hang']);
      expect((await caller.modern({ id: 3, ...tool('echo') }).finished).refusal?.reason).toBe('shutting-down');
      expect(runner.started).toEqual(['hang', 'hang']);
    });
  });

  describe('subscriptions', () => {
    const subscription = { _meta: { 'io.modelcontextprotocol/subscriptionId': 'sub' } };

    it('acknowledge, tell of changes, and end well', async () => {
      const { upstream } = start();
      const [hears, deaf] = [true, false].map((asked) => createCaller(upstream).modern(listen(asked)));
      upstream.replace(declare('other'));
      await upstream.close();
      const [acknowledged, ...rest] = (await hears?.finished)?.messages ?? [];
      expect(acknowledged).toEqual({
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: { ...subscription, notifications: { toolsListChanged: true } },
      });
      expect(rest).toEqual([
        { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: subscription },
        { jsonrpc: '2.0', id: 'sub', result: { resultType: 'complete', ...subscription } },
      ]);
      expect((await deaf?.finished)?.messages.map(({ method }) => method)).toEqual([
        acknowledged?.['method'],
        undefined,
      ]);
    });

    it('want a filter, and are forgotten when their caller leaves', async () => {
      const { upstream } = start();
      const caller = createCaller(upstream);
      const refused = await caller.modern({ id: 1, method: 'subscriptions/listen' }).finished;
      expect(refused.refusal?.reason).toBe('params-invalid');
      const left = caller.modern(listen(true));
      left.leave();
      upstream.replace(declare('other'));
      await upstream.close();
      expect(left.messages).toHaveLength(1);
    });
  });

  describe('for a session', () => {
    it.each([
      ['2025-11-25', '2025-11-25'],
      ['2025-06-18', '2025-06-18'],
      ['2025-03-26', '2025-03-26'],
      ['2024-11-05', '2024-11-05'],
      ['2026-07-28', '2025-11-25'],
      ['1999-01-01', '2025-11-25'],
      [17, '2025-11-25'],
    ])('settles on %s as %s', async (asked, given) => {
      const params = { protocolVersion: asked, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
      const answer = await createCaller(start().upstream).legacy({ id: 0, method: 'initialize', params }).finished;
      expect(answer.messages[0]).toEqual({
        jsonrpc: '2.0',
        id: 0,
        result: { protocolVersion: given, capabilities: { tools: { listChanged: true } }, serverInfo: SERVER },
      });
      expect(answer.headers.get('mcp-session-id')).toMatch(/^[0-9a-f]{32}$/);
    });

    it('lists and runs in the words of its revision', async () => {
      const caller = createCaller(start().upstream);
      const session = await caller.openSession();
      const list = await caller.legacy({ id: 1, method: 'tools/list' }, session).finished;
      expect(Object.keys(list.messages[0]?.['result'])).toEqual(['tools']);
      expect(list.messages[0]?.['result'].tools).toHaveLength(5);
      const called = await caller.legacy({ id: 2, ...tool('echo', { a: 1 }) }, session).finished;
      expect(called.messages[0]?.['result']).toEqual({ content: [{ type: 'text', text: '{"a":1}' }], isError: false });
      const ping = await caller.legacy({ id: 3, method: 'ping' }, session).finished;
      expect(ping.messages).toEqual([{ jsonrpc: '2.0', id: 3, result: {} }]);
    });

    it.each(['server/discover', 'logging/setLevel', 'prompts/list', 'x/y'])(
      'does not know %s, without ending the session',
      async (method) => {
        const caller = createCaller(start().upstream);
        const answer = await caller.legacy({ id: 1, method }, await caller.openSession()).finished;
        expect([answer.status, answer.messages[0]?.['error'].code]).toEqual([200, -32601]);
      },
    );

    it('needs one', async () => {
      const caller = createCaller(start().upstream);
      expect((await caller.legacy({ id: 1, ...tool('echo') }).finished).refusal?.reason).toBe('session-missing');
      for (const answer of [
        caller.legacy({ id: 1, ...tool('echo') }, 'f'.repeat(32)),
        caller.listen('f'.repeat(32)),
        caller.remove('f'.repeat(32)),
      ])
        expect((await answer.finished).refusal?.reason).toBe('session-unknown');
    });

    it('initializes once, and is none when that fails', async () => {
      const { upstream } = start({ maxSessions: 1 });
      const caller = createCaller(upstream);
      const bad = await caller.legacy({ id: 0, method: 'initialize' }).finished;
      expect(bad.messages[0]?.['error'].code).toBe(-32602);
      expect(bad.headers.has('mcp-session-id')).toBe(false);
      const session = await caller.openSession();
      const again = await caller.legacy({ id: 1, method: 'initialize', params: {} }, session).finished;
      expect(again.messages[0]?.['error'].code).toBe(-32600);
      expect((await caller.legacy({ id: 2, method: 'ping' }, session).finished).status).toBe(200);
    });

    it('is one of so many', async () => {
      const { upstream } = start({ maxSessions: 2 });
      const caller = createCaller(upstream);
      const first = await caller.openSession();
      await caller.openSession();
      await expect(caller.openSession()).rejects.toThrow('limit-sessions');
      upstream.endSession(first);
      await caller.openSession();
    });

    it('cancels its own call and no other, and gets no response to it', async () => {
      const { upstream, runner } = start();
      const [alice, bob] = [createCaller(upstream, 'alice'), createCaller(upstream, 'bob')];
      const sessions = [await alice.openSession(), await bob.openSession()] as const;
      const [mine, other] = [7, 8].map((id) => alice.legacy({ id, ...tool('hang', { label: `${id}` }) }, sessions[0]));
      const foreign = bob.legacy({ id: 7, ...tool('hang', { label: 'bob' }) }, sessions[1]);
      const cancelled = await alice.legacy({ method: 'notifications/cancelled', params: { requestId: 7 } }, sessions[0])
        .finished;
      expect([cancelled.status, cancelled.body]).toEqual([202, '']);
      const answer = await mine?.finished;
      expect([answer?.status, answer?.messages]).toEqual([200, []]);
      await expect.poll(() => runner.ended).toEqual(['hang 7']);
      expect([other?.outcome, foreign.outcome]).toEqual(['open', 'open']);
    });

    it('refuses an id that is in use, and takes it again afterwards', async () => {
      const { upstream, runner } = start();
      const caller = createCaller(upstream);
      const session = await caller.openSession();
      const first = caller.legacy({ id: 1, ...tool('hang') }, session);
      expect((await caller.legacy({ id: 1, ...tool('echo') }, session).finished).refusal?.reason).toBe('id-in-use');
      await caller.legacy({ method: 'notifications/cancelled', params: { requestId: 1 } }, session).finished;
      await first.finished;
      for (const request of [tool('echo'), { method: 'tools/list' }, tool('unknown'), tool('echo')])
        expect((await caller.legacy({ id: 1, ...request }, session).finished).status).toBe(200);
      expect(runner.started).toEqual(['hang', 'echo', 'echo']);
      expect((await caller.remove(session).finished).status).toBe(200);
    });

    it('takes no notice of a cancellation of what is not under way', async () => {
      const caller = createCaller(start().upstream);
      const session = await caller.openSession();
      await caller.legacy({ id: 1, ...tool('echo') }, session).finished;
      for (const requestId of [1, 'never']) {
        const params = { requestId };
        const answer = await caller.legacy({ method: 'notifications/cancelled', params }, session).finished;
        expect([answer.status, answer.body]).toEqual([202, '']);
      }
    });

    it('lets a call run on whose caller only left', async () => {
      const { upstream, runner } = start();
      const caller = createCaller(upstream);
      const session = await caller.openSession();
      caller.legacy({ id: 1, ...tool('hang') }, session).leave();
      expect((await caller.legacy({ id: 2, ...tool('echo') }, session).finished).status).toBe(200);
      expect(runner.ended).toEqual(['echo']);
      await caller.legacy({ method: 'notifications/cancelled', params: { requestId: 1 } }, session).finished;
      await expect.poll(() => runner.ended).toEqual(['echo', 'hang']);
    });

    it('ends with its calls and its stream', async () => {
      const { upstream, runner } = start();
      const caller = createCaller(upstream);
      const session = await caller.openSession();
      const call = caller.legacy({ id: 1, ...tool('hang') }, session);
      const stream = caller.listen(session);
      expect((await caller.remove(session).finished).status).toBe(200);
      expect((await call.finished).refusal?.reason).toBe('session-unknown');
      expect((await stream.finished).outcome).toBe('ended');
      await expect.poll(() => runner.ended).toEqual(['hang']);
      expect((await caller.legacy({ id: 2, method: 'ping' }, session).finished).refusal?.reason).toBe(
        'session-unknown',
      );
    });

    it('hears of changes on its stream, and of those before it opened once', async () => {
      const { upstream } = start();
      const caller = createCaller(upstream);
      const session = await caller.openSession();
      for (let i = 0; i < 3; i += 1) upstream.replace(declare('other'));
      const stream = caller.listen(session);
      expect(stream.messages).toEqual([{ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: {} }]);
      upstream.replace(declare('another'));
      expect(stream.messages).toHaveLength(2);
      const list = await caller.legacy({ id: 1, method: 'tools/list' }, session).finished;
      expect(list.messages[0]?.['result'].tools).toMatchObject([{ name: 'another' }]);
      // And of those between one stream and the next.
      let left = stream;
      for (let gap = 0; gap < 2; gap += 1) {
        left.leave();
        for (let i = 0; i < 3; i += 1) upstream.replace(declare('other'));
        left = caller.listen(session);
        expect(left.messages).toHaveLength(1);
      }
    });
  });

  it('lets what runs go on when its tool is replaced', async () => {
    const { upstream, runner } = start();
    const caller = createCaller(upstream);
    const running = caller.modern({ id: 1, ...tool('hang') });
    upstream.replace(declare('echo'));
    expect((await caller.modern({ id: 2, ...tool('hang') }).finished).messages[0]?.['error'].code).toBe(-32602);
    expect([running.outcome, runner.ended]).toEqual(['open', []]);
    expect(textOf((await caller.modern({ id: 3, ...tool('echo', {}) }).finished).messages[0])).toBe('{}');
  });
});
