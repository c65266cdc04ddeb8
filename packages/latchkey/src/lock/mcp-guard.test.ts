import { describe, expect, it } from 'vitest';
import { toIncoming, type Sent } from '../../../../test/fixtures/incoming.ts';
import { makeLock, type LockSettings } from '../../../../test/library/hand-made-lock.ts';
import { toRule } from '../../../../test/fixtures/rule.ts';
import { textOf } from '../core/bytes.ts';
import { createPolicy, type PolicyRules } from '../core/create-policy.ts';
import { FOLD_URI } from '../core/resource-uri.ts';
import type { Answer } from '../core/upstream.ts';
import type { Admission, Passage } from './passage.ts';
import { sessionsOf } from './session-owners.ts';

const TOKENS = { alice: ['read'], bob: ['read'] };
const TOOLS = { look: ['read'], 'write_*': ['write'] };
const MODERN = '2026-07-28';

function rpc(method: string, params: object = {}, id: unknown = 1): object {
  return { jsonrpc: '2.0', id, method, params };
}

const call = (name: string, id: unknown = 1): object => rpc('tools/call', { name }, id);
const note = (method: string, params: object = {}): object => ({ jsonrpc: '2.0', method, params });

function ask(settings: Partial<LockSettings> = {}) {
  const made = makeLock({ tokens: TOKENS, tools: TOOLS, ...settings });
  const guard = made.latchkey.protectMcp();
  const admit = async (sent: Sent): Promise<Admission> => guard.admit(toIncoming({ token: 'alice', ...sent }));
  return {
    ...made,
    admit,
    async pass(sent: Sent): Promise<Passage> {
      const admission = await admit(sent);
      if (admission.kind === 'refused') throw new Error(admission.answer.body);
      return admission;
    },
    async send(sent: Sent): Promise<string> {
      const admission = await admit(sent);
      return admission.kind === 'passed' ? 'passed' : `${admission.answer.status} ${made.trail.at(-1)?.reason}`;
    },
  };
}

interface Kept extends Answer {
  text: string;
  status: number;
  headers: readonly string[];
  aborted: boolean;
  readonly waiting: (() => void)[];
}

/** Keeps what its caller would get. */
function keep(): Kept {
  const kept: Kept = {
    text: '',
    status: 0,
    headers: [],
    aborted: false,
    waiting: [],
    onAbort: (handler) => void kept.waiting.push(handler),
    onDrain: (handler) => void kept.waiting.push(handler),
    start: (status, headers) => void Object.assign(kept, { status, headers }),
    write: (chunk) => (kept.text += typeof chunk === 'string' ? chunk : textOf(chunk)) !== '',
    end: (chunk) => void (chunk === undefined ? null : kept.write(chunk)),
    fail: (refusal) => void (kept.text = refusal.reason),
    abort: () => void (kept.aborted = true),
  };
  return kept;
}

const toPolicyWith = (rules: Partial<PolicyRules>) =>
  createPolicy(
    { tools: [], resources: [], prompts: [], methods: [], implies: new Map(), list: 'callable', ...rules },
    FOLD_URI,
  );
const modern = (message: object, extra: readonly (readonly [string, string])[] = []): Sent => ({
  body: message,
  headers: [['mcp-protocol-version', MODERN], ...extra],
});
const META = {
  _meta: { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} },
};
const inSession = (session: string, sent: Sent = {}): Sent => ({
  ...sent,
  headers: [...(sent.headers ?? []), ['mcp-session-id', session]],
});

/** The server's answer to `initialize`. */
function openSession(passage: Passage, id: string | null): void {
  const shown = passage.show(keep());
  shown.start(200, id === null ? [] : ['mcp-session-id', id]);
  shown.end('{"result":{"capabilities":{}}}');
}

describe('createMcpGuard', () => {
  it('refuses, in this order, framing, Host, Origin, method, and only then who is asking', async () => {
    const { send } = ask();
    const foreign: Sent = {
      token: 'wrong',
      headers: [
        ['host', 'evil.example'],
        ['origin', 'https://evil.example'],
      ],
      method: 'PUT',
    };
    expect(await send({ ...foreign, headers: [...(foreign.headers ?? []), ['expect', 'magic']] })).toBe('400 framing');
    expect(await send(foreign)).toBe('421 host-foreign');
    expect(await send({ ...foreign, headers: [['origin', 'https://evil.example']] })).toBe('403 origin-foreign');
    expect(await send({ ...foreign, headers: [['origin', 'https://app.example']] })).toBe('405 http-method');
    expect(await send({ token: 'wrong' })).toBe('401 credential-unknown');
    expect(await send({ headers: [['host', 'API.example']] })).toBe('passed');
    const { guard } = { guard: ask().latchkey.protectMcp() };
    expect(await guard.admit({ ...toIncoming({}), rawHeaders: [] })).toMatchObject({ answer: { status: 400 } });
  });

  it('takes a path only, and one that every router reads alike', async () => {
    const { send } = ask();
    for (const target of ['*', 'https://api.example/mcp', '']) expect(await send({ target })).toBe('400 target-form');
    for (const target of ['/mcp#x', '/m cp', '/mcp\u00e9?x']) expect(await send({ target })).toBe('404 path-unknown');
    expect(await send({ target: '/mcp?x' })).toBe('passed');
  });

  it.each([
    [[['transfer-encoding', 'gzip, chunked']], {}],
    [
      [
        ['transfer-encoding', 'chunked'],
        ['content-length', '2'],
      ],
      {},
    ],
    [[['content-length', '02']], {}],
    [[['content-length', '2']], { method: 'GET' }],
    [[['transfer-encoding', 'chunked']], { method: 'DELETE' }],
    [[], { version: [2, 0] }],
    [[['transfer-encoding', 'chunked']], { version: [1, 0] }],
    [[], { version: [1, 2] }],
    [[['connection', 'close, authorization']], {}],
    [[['mcp_name', 'x']], {}],
  ] as [Sent['headers'], Sent][])('has one way to frame a request: %j %j', async (headers, sent) => {
    expect(await ask().send({ body: call('look'), ...sent, ...(headers === undefined ? {} : { headers }) })).toBe(
      '400 framing',
    );
  });

  it.each([
    [['transfer-encoding', 'chunked']],
    [['connection', 'keep-alive']],
    [['connection', 'close']],
    [['connection', 'Keep-Alive, TE']],
    [['expect', '100-Continue']],
    [['content-length', '60']],
    [
      ['upgrade', 'h2c'],
      ['x-forwarded-for', '1.2.3.4'],
      ['x-forwarded-proto', 'https'],
      ['traceparent', '00-1-2-0'],
    ],
    [['content-type', 'application/json; charset="utf-8"']],
    [['accept', 'text/html, application/json;q=0.5']],
  ] as NonNullable<Sent['headers']>[])('takes what every client may send: %j', async (...headers) => {
    expect(await ask().send({ body: call('look'), headers })).toBe('passed');
    expect(await ask().send({ body: call('look'), version: [1, 0] })).toBe('passed');
  });

  it.each([
    ['415 content-encoding', [['content-encoding', 'gzip']]],
    ['415 content-type', [['content-type', 'text/plain']]],
    ['415 content-type', [['content-type', 'application/json; charset=utf-16']]],
    [
      '415 content-type',
      [
        ['content-type', 'application/json'],
        ['content-type', 'application/json'],
      ],
    ],
    ['406 not-acceptable', [['accept', 'text/html']]],
    ['413 body-too-large', [['content-length', '1048577']]],
  ] as [string, NonNullable<Sent['headers']>][])('answers %s before it reads a body', async (expected, headers) => {
    expect(await ask().send({ body: call('look'), headers })).toBe(expected);
  });

  it('needs a content type', async () => {
    const { rawHeaders, ...rest } = toIncoming({ body: call('look'), token: 'alice' });
    const at = rawHeaders.indexOf('content-type');
    const guard = ask().latchkey.protectMcp();
    expect(await guard.admit({ ...rest, rawHeaders: rawHeaders.toSpliced(at, 2) })).toMatchObject({
      answer: { status: 415 },
    });
  });

  it('judges the body, whether it is there or comes, and says why it could not be had', async () => {
    const { send } = ask();
    for (const atOnce of [true, false]) {
      expect(await send({ body: call('look'), atOnce })).toBe('passed');
      expect(await send({ body: call('write_it'), atOnce })).toBe('403 policy-scope');
      expect(await send({ body: '{"a":1,"a":2}', atOnce })).toMatch(/^400 /);
      expect(await send({ body: call('look'), atOnce, refusal: { reason: 'body-timeout' } })).toBe('408 body-timeout');
    }
    expect(
      await ask({ strangers: [] }).send({
        body: call('look'),
        token: undefined as never,
        headers: [['authorization', 'Bearer']],
      }),
    ).toMatch(/^401/);
    const stranger = makeLock({ tokens: TOKENS, tools: TOOLS, strangers: [] });
    const admission = await stranger.latchkey.protectMcp().admit(toIncoming({ body: call('look') }));
    expect(admission).toMatchObject({ answer: { status: 401 } });
    expect(stranger.trail[0]?.neededScopes).toEqual(['read']);
  });

  it('holds a rule to its own rate', async () => {
    const { send, lock } = ask();
    const rule = lock.policy.rules.tools[0];
    Object.assign(rule as object, { limit: { count: 1, periodMs: 60_000 } });
    expect([await send({ body: call('look') }), await send({ body: call('look') })]).toEqual([
      'passed',
      '429 limit-target',
    ]);
  });

  it('takes a GET that accepts events, and a DELETE', async () => {
    const { send } = ask();
    expect(await send({ headers: [['accept', 'text/event-stream']] })).toBe('passed');
    expect(await send({ headers: [['accept', 'application/json']] })).toBe('406 not-acceptable');
    expect(await send({ method: 'DELETE', headers: [['accept', 'application/json']] })).toBe('passed');
    expect(await send({ headers: [['mcp-protocol-version', '1999-01-01']] })).toBe('400 version-unsupported');
    expect(await send({ headers: [['mcp-protocol-version', MODERN]] })).toBe('405 http-method');
    expect(await ask({ parts: { protocol: 'modern' } }).send({})).toBe('405 http-method');
    // Nobody could tell whose stream it goes on from.
    expect(await send({ headers: [['last-event-id', '1']] })).toBe('400 session-missing');
    expect(await send({ body: call('look'), headers: [['last-event-id', '1']] })).toBe('passed');
  });

  it('says which methods there are', async () => {
    const { admit } = ask();
    const put = { headers: expect.arrayContaining(['allow', 'GET, POST, DELETE']) };
    expect(await admit({ method: 'PUT' })).toMatchObject({ answer: put });
    const get = { headers: expect.arrayContaining(['allow', 'POST']) };
    expect(await admit({ headers: [['mcp-protocol-version', MODERN]] })).toMatchObject({ answer: get });
  });

  it('holds the Mcp-* headers against a message of 2026-07-28', async () => {
    const { send } = ask();
    const message = rpc('tools/call', { name: 'look', ...META });
    const named: [string, string][] = [
      ['mcp-method', 'tools/call'],
      ['mcp-name', 'look'],
    ];
    expect(await send(modern(message, named))).toBe('passed');
    expect(await send(modern(message))).toBe('400 header-mismatch');
    expect(await send(modern(message, [['mcp-method', 'tools/list']]))).toBe('400 header-mismatch');
    expect(await send(modern(message, [['mcp-method', 'tools/call']]))).toBe('400 header-mismatch');
    expect(
      await send(
        modern(message, [
          ['mcp-method', 'tools/call'],
          ['mcp-name', 'other'],
        ]),
      ),
    ).toBe('400 header-mismatch');
    expect(
      await send(
        modern(message, [
          ['mcp-method', 'tools/call'],
          ['mcp-name', '=?base64?!?='],
        ]),
      ),
    ).toBe('400 header-mismatch');
    expect(await send({ body: message, headers: named })).toBe('400 header-mismatch');
    expect(await send(modern(rpc('tools/call', { name: 'look' }), named))).toBe('400 meta-missing');
    expect(
      await send(
        modern(rpc('ping', META), [
          ['mcp-method', 'ping'],
          ['mcp-name', 'x'],
        ]),
      ),
    ).toBe('400 header-mismatch');
    expect(await send(modern({ jsonrpc: '2.0', id: 1, result: {} }))).toBe('400 message-invalid');
    expect(await send({ body: call('look'), headers: [['mcp-protocol-version', '2030-01-01']] })).toMatch(/^400 /);
    expect(await send({ body: note('notifications/initialized'), headers: [['mcp-protocol-version', 'ü']] })).toBe(
      '400 version-unsupported',
    );
    expect(await send({ body: rpc('resources/subscribe') })).toBe('400 params-invalid');
    const alone = ask({ parts: { protocol: 'modern' } });
    expect(await alone.send({ body: rpc('initialize') })).toBe('400 version-unsupported');
    expect(await alone.send({ body: call('look') })).toBe('400 header-mismatch');
    const old = ask({ parts: { protocol: 'legacy' } });
    expect(await old.send(modern(message, named))).toBe('400 version-unsupported');
  });

  it('knows whose a session is, at every guard of its lock', async () => {
    const { pass, send, latchkey, lock } = ask();
    const passage = await pass({ body: rpc('initialize') });
    expect(passage.whole).toBe(false);
    const to = keep();
    const shown = passage.show(to);
    shown.start(200, ['mcp-session-id', 's1']);
    shown.write('{');
    shown.end('}');
    passage.finish(200);
    expect([to.status, to.text, shown.aborted]).toEqual([200, '{}', false]);
    expect(await send(inSession('s1', { body: call('look') }))).toBe('passed');
    expect(await send(inSession('s1', { body: call('look'), token: 'bob' }))).toBe('404 session-unknown');
    expect(await send(inSession('s2', { body: call('look') }))).toBe('404 session-unknown');
    // What the rules forbid is forbidden in any session.
    expect(await send(inSession('s2', { body: call('write_it') }))).toBe('403 policy-scope');
    expect(await latchkey.protectMcp().admit(toIncoming(inSession('s1', { token: 'alice' })))).toMatchObject({
      kind: 'passed',
    });
    const ended = await pass(inSession('s1', { method: 'DELETE' }));
    ended.show(keep()).start(200, []);
    expect(await send(inSession('s1', { body: call('look') }))).toBe('404 session-unknown');
    expect(sessionsOf(lock).countOf(passage.principal)).toBe(0);
    openSession(await pass({ body: rpc('initialize') }), null);
    openSession(await pass({}), 's1');
    expect(sessionsOf(lock).countOf(passage.principal)).toBe(0);
  });

  it('looks at every answer in a session, and passes it on as it is', async () => {
    const { pass } = ask();
    openSession(await pass({ body: rpc('initialize') }), 's');
    const passage = await pass(inSession('s', { body: call('look') }));
    const to = keep();
    const shown = passage.show(to);
    const [onAbort, onDrain] = [() => {}, () => {}];
    shown.onAbort(onAbort);
    shown.onDrain(onDrain);
    const headers = ['cache-control', 'public'];
    shown.start(200, headers);
    shown.write('one ');
    shown.end('two');
    expect([passage.whole, to.waiting, to.headers, to.text]).toEqual([false, [onAbort, onDrain], headers, 'one two']);
    const broken = keep();
    const breaking = (await pass(inSession('s', { body: call('look') }))).show(broken);
    breaking.fail({ reason: 'upstream-invalid' });
    breaking.abort();
    expect([broken.text, broken.aborted]).toEqual(['upstream-invalid', true]);
  });

  it('ends a session that its server does not know, and opens none for another message or revision', async () => {
    const { pass, send, lock } = ask();
    openSession(await pass({ body: rpc('initialize') }), 's1');
    (await pass(inSession('s1', { body: call('look') }))).show(keep()).start(404, ['mcp-session-id', 's3']);
    expect(await send(inSession('s1', { body: call('look') }))).toBe('404 session-unknown');
    expect(await send(inSession('s3', { body: call('look') }))).toBe('404 session-unknown');
    (await pass({ method: 'DELETE' })).show(keep()).start(200, []);
    openSession(await pass({ body: rpc('initialize') }), 's5');
    // A server without the GET stream.
    (await pass(inSession('s5', { method: 'GET' }))).show(keep()).start(404, []);
    expect(await send(inSession('s5', { body: call('look') }))).toBe('passed');
    const list = modern(rpc('tools/list', META), [
      ['mcp-method', 'tools/list'],
      ['mcp-session-id', 'nobody’s'],
    ]);
    (await pass(list)).show(keep()).start(200, ['mcp-session-id', 's4']);
    expect(await send(inSession('s4', { body: call('look') }))).toBe('404 session-unknown');
    // A rule can let through what 2026-07-28 does not have.
    lock.policy = toPolicyWith({ methods: [toRule('initialize')] });
    const initialize = modern(rpc('initialize', META), [['mcp-method', 'initialize']]);
    openSession(await pass(initialize), 's6');
    expect(sessionsOf(lock).listsOf('s6')).toBeNull();
  });

  it('limits sessions, but for those that nobody uses any more', async () => {
    let now = 0;
    const limits = { ...makeLock({ tokens: {} }).lock.parts.limits, sessions: 2, streams: 2 };
    const { admit, pass, send, trail } = ask({ parts: { limits, now: () => now } });
    for (const id of ['a', 'b']) {
      const passage = await pass({ body: rpc('initialize') });
      openSession(passage, id);
      passage.finish(200);
    }
    now = 20_500;
    expect(await send({ body: rpc('initialize') })).toBe('429 limit-sessions');
    expect(await admit({ body: rpc('initialize') })).toMatchObject({
      answer: { headers: expect.arrayContaining(['retry-after', '40']) },
    });
    expect(await send({ body: rpc('initialize'), token: 'bob' })).toBe('passed');
    const busy = await pass(inSession('a'));
    now = 31 * 60_000;
    expect(await send({ body: rpc('initialize') })).toBe('passed');
    expect(await send(inSession('b', { body: call('look') }))).toBe('404 session-unknown');
    expect(await send(inSession('a', { body: call('look') }))).toBe('passed');
    busy.finish(200);
    expect(trail.at(-1)).toMatchObject({ httpMethod: 'GET', method: null, durationMs: 31 * 60_000 - 20_500 });
  });

  it('counts a session once, also while the answer that opened it goes on', async () => {
    const limits = { ...makeLock({ tokens: {} }).lock.parts.limits, sessions: 2 };
    const { pass, send } = ask({ parts: { limits } });
    openSession(await pass({ body: rpc('initialize') }), 'a');
    await pass({ body: rpc('initialize') });
    expect(await send({ body: rpc('initialize') })).toBe('429 limit-sessions');
  });

  it('counts no request to another place of its lock as a session or a stream', async () => {
    const limits = { ...makeLock({ tokens: {} }).lock.parts.limits, sessions: 1, streams: 1 };
    const { send, latchkey } = ask({ parts: { limits } });
    await latchkey.protect().admit(toIncoming({ token: 'alice' }));
    expect([await send({ body: rpc('initialize') }), await send({})]).toEqual(['passed', 'passed']);
  });

  it('limits streams of a principal', async () => {
    const limits = { ...makeLock({ tokens: {} }).lock.parts.limits, streams: 1 };
    const { pass, send } = ask({ parts: { limits } });
    const first = await pass({});
    expect(await send({})).toBe('429 limit-streams');
    const listen = modern(rpc('subscriptions/listen', { ...META, notifications: {} }), [
      ['mcp-method', 'subscriptions/listen'],
    ]);
    expect(await send(listen)).toBe('429 limit-streams');
    expect(await send({ body: call('look') })).toBe('passed');
    first.finish(200);
    expect(await send({})).toBe('passed');
    expect(await send({ token: 'bob' })).toBe('passed');
  });

  it('counts calls before it looks at what they are', async () => {
    const limits = {
      ...makeLock({ tokens: {} }).lock.parts.limits,
      callsPerCredential: { count: 1, periodMs: 60_000 },
    };
    const { send } = ask({ parts: { limits } });
    expect([await send({ body: call('look') }), await send({ body: call('write_it') })]).toEqual([
      'passed',
      '429 limit-principal',
    ]);
  });

  it('ends no call of another, and answers itself what its server must not get', async () => {
    const { pass, admit, send, trail } = ask();
    const cancel = { body: note('notifications/cancelled', { requestId: 1 }) };
    const own = await pass({ body: call('look') });
    expect(await send(cancel)).toBe('passed');
    expect(await admit({ ...cancel, token: 'bob' })).toEqual({
      kind: 'refused',
      answer: { status: 202, headers: [], body: '' },
    });
    expect(trail.at(-1)).toMatchObject({
      decision: 'allow',
      status: 202,
      principal: 'bob',
      method: 'notifications/cancelled',
    });
    own.finish(200);
    expect(await send(cancel)).toBe('202 allowed');
    expect(await send({ body: { jsonrpc: '2.0', id: 1, result: {} } })).toBe('400 session-missing');
  });

  it('shows of a list what its caller may use, and calls nothing public', async () => {
    const { pass } = ask();
    const listed = await pass({ body: rpc('tools/list') });
    const to = keep();
    const shown = listed.show(to);
    shown.start(200, ['content-type', 'application/json', 'cache-control', 'public']);
    const cursor = '"nextCursor":"c"';
    shown.end(`{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"look"},{"name":"write_it"}],${cursor}}}`);
    expect([listed.whole, to.text]).toEqual([
      false,
      `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"look"}],${cursor}}}`,
    ]);
    expect(to.headers).toEqual(expect.not.arrayContaining(['public']));
    const stream = keep();
    const events = (await pass({})).show(stream);
    events.start(200, ['content-type', 'text/event-stream']);
    events.write('data: {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"file:///x"}}\n\n');
    expect(stream.text).not.toContain('file:///x');
    const everything = ask({ tools: {}, tokens: { alice: ['*'] } });
    const read = await everything.pass({ body: rpc('resources/read', { uri: 'file:///x' }) });
    const private_ = keep();
    const hidden = read.show(private_);
    hidden.start(200, ['cache-control', 'public']);
    hidden.end('{"cacheScope":"public"}');
    expect([read.whole, private_.text]).toEqual([false, '{"cacheScope":"private"}']);
    expect(private_.headers).toEqual(['cache-control', 'no-store, no-transform']);
    expect((await pass({ body: call('look') })).whole).toBe(true);
  });

  it('tells of changes and of abilities whoever may use them', async () => {
    const { pass, lock } = ask();
    lock.policy = toPolicyWith({ resources: [toRule('file:///*')], methods: [toRule('tasks/*')] });
    const show = async (sent: Sent, type: string, text: string): Promise<string> => {
      const to = keep();
      const shown = (await pass(sent)).show(to);
      shown.start(200, ['content-type', type]);
      shown.end(text);
      return to.text;
    };
    const able = '{"jsonrpc":"2.0","id":1,"result":{"capabilities":{"tasks":{}}}}';
    expect(await show({ body: rpc('initialize') }, 'application/json', able)).toBe(able);
    const updated =
      'data: {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"file:///x"}}\n\n';
    expect(await show({}, 'text/event-stream', updated)).toBe(updated);
  });

  it('answers a request whose answer is too large to be looked at, whatever its id', async () => {
    const limits = { ...makeLock({ tokens: {} }).lock.parts.limits, listBytes: 100 };
    const to = keep();
    const shown = (await ask({ parts: { limits } }).pass({ body: rpc('tools/list', {}, 'a') })).show(to);
    shown.start(200, ['content-type', 'text/event-stream']);
    shown.end(`data: {"result":{"tools":["${'x'.repeat(5000)}"]},"id":"a","jsonrpc":"2.0"}\n\n`);
    expect(to.text).toMatch(/"id":"a","error"/);
  });

  it('shows of a list what its caller may use, also where it comes as the answer to another request of its id', async () => {
    const { pass } = ask();
    openSession(await pass({ body: rpc('initialize') }), 's');
    const show = async (message: object, answer: string): Promise<string> => {
      const to = keep();
      const shown = (await pass(inSession('s', { body: message }))).show(to);
      shown.start(200, ['content-type', 'application/json']);
      shown.end(answer);
      return to.text;
    };
    const list = '{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"look"},{"name":"write_it"}]}}';
    // Whoever asked for it has left.
    await pass(inSession('s', { body: rpc('tools/list', {}, 7) }));
    expect(await show(call('look', 8), list)).toContain('write_it');
    expect(await show(call('look', '7'), list)).not.toContain('write_it');
    // It has come, and another one is not under way.
    expect(await show(call('look', 7), list)).toContain('write_it');
  });
});
