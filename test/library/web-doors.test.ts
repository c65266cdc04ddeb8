import { describe, expect, test } from 'vitest';
import { call, post, until, WEB_DOORS } from './web-doors.ts';
import { METADATA_PATH, RESOURCE } from './hand-made-lock.ts';
import { makeLoopbackLock } from './loopback-lock.ts';

const SCOPES = { alice: ['report:read'], bob: [] };
const TOOLS = { read: ['report:read'], write: ['admin'] };
const METADATA = new URL(METADATA_PATH, RESOURCE).href;

type Scopes = Readonly<Record<string, readonly string[]>>;

function makeLock(tokens: Scopes, tools: Scopes = {}) {
  const { trail: entries, ...made } = makeLoopbackLock({ tokens, tools });
  return { ...made, entries };
}

function ask(token: string | null, init: RequestInit = {}): Request {
  const headers = new Headers(init.headers);
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  return new Request('http://localhost/report', { ...init, headers });
}

const askUntil = (signal: AbortSignal): Request => ask('alice', { signal });
const postUntil = (signal: AbortSignal): Request => post('alice', call('read'), { signal });

const unending = (): Response =>
  new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(3)) }));

/** Answers whose bodies cannot be stopped. */
const stubborn: readonly (readonly [string, () => Response])[] = [
  [
    'somebody else reads',
    () => {
      const response = new Response('x');
      response.body?.getReader();
      return response;
    },
  ],
  [
    'fails when it is stopped',
    () => new Response(new ReadableStream({ cancel: () => Promise.reject(new Error('the body failed')) })),
  ],
];

const broken = (): Response =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(3)),
      pull: (controller) => controller.error(new Error('broke')),
    }),
  );

describe.each(['fetch', 'hono'] as const)('latchkey/%s', (kind) => {
  const door = WEB_DOORS[kind];

  test('a route lets in who holds the scopes, and nobody else', async () => {
    const { latchkey, entries } = makeLock(SCOPES);
    let served = 0;
    const site = door(latchkey, {
      route: (_request, principal) => {
        served += 1;
        return new Response(`hello ${principal.name}`);
      },
    });
    const allowed = await site(ask('alice'));
    expect([allowed.status, await allowed.text()]).toEqual([200, 'hello alice']);
    expect((await site(ask('slow-alice'))).status).toBe(200);
    const missing = await site(ask(null));
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer resource_metadata="${METADATA}"`,
    ]);
    expect((await site(ask('bob'))).status).toBe(403);
    expect((await site(ask('mallory'))).status).toBe(401);
    expect(served).toBe(2);
    expect(entries.map(({ reason, status }) => [reason, status])).toContainEqual(['policy-scope', 403]);
  });

  test.each([
    ['authorization', 'Bearer alice'],
    ['authorization', 'Bearer bob'],
    ['x-api-key', 'alice'],
    ['dpop', 'a.b.c'],
    ['host', 'localhost'],
    ['origin', 'http://localhost'],
  ])('what came twice as %s: %s is read neither way', async (name, value) => {
    const { latchkey, entries } = makeLock(SCOPES);
    const site = door(latchkey, {});
    const twice = ask(name === 'x-api-key' ? null : 'alice');
    twice.headers.set(name, value);
    twice.headers.append(name, value);
    expect((await site(twice)).status).toBe(400);
    expect(entries.map(({ reason }) => reason)).toEqual(['header-repeated']);
  });

  test('anybody may read its metadata, and the rest of the site goes on', async () => {
    const site = door(makeLock(SCOPES).latchkey, {});
    const read = await site(new Request(METADATA, { headers: { origin: 'https://elsewhere.example' } }));
    expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    expect(await read.json()).toEqual({ resource: RESOURCE });
    const preflight = await site(new Request(METADATA, { method: 'OPTIONS' }));
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, HEAD']);
    const head = await site(new Request(METADATA, { method: 'HEAD' }));
    expect([head.status, head.body]).toEqual([200, null]);
    expect((await site(new Request(METADATA, { method: 'POST' }))).status).toBe(405);
  });

  test('the handler reads the bytes that were judged, and each caller sees its own list', async () => {
    const { latchkey, entries } = makeLock(SCOPES, TOOLS);
    const bodies: string[] = [];
    const site = door(latchkey, {
      mcp: async (request) => {
        bodies.push(await request.text());
        const tools = [{ name: 'read' }, { name: 'write' }];
        return Response.json({ jsonrpc: '2.0', id: 1, result: { tools } });
      },
    });
    const list = '{ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }';
    const shown = await site(post('alice', list));
    expect(await shown.json()).toEqual({ jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'read' }] } });
    expect(shown.headers.get('content-length')).toBe('61');
    expect((await site(post('alice', call('read')))).status).toBe(200);
    expect((await site(post('alice', call('write')))).status).toBe(403);
    expect((await site(post('alice', '{"id":1,"id":2}'))).status).toBe(400);
    expect(bodies).toEqual([list, JSON.stringify(call('read'))]);
    expect(entries.map(({ decision }) => decision)).toEqual(['allow', 'allow', 'deny', 'deny']);
  });

  test.each([
    ['a promise that rejects', async () => Promise.reject(new Error('boom'))],
    [
      'a throw',
      () => {
        throw new Error('boom');
      },
    ],
  ])('a handler that fails by %s fails as without a lock, and its passage is over', async (_how, fails) => {
    const { latchkey, lock, entries } = makeLock(SCOPES, TOOLS);
    const site = door(latchkey, { mcp: fails as () => Promise<Response>, route: fails as () => Promise<Response> });
    await expect(site(ask('alice'))).rejects.toThrow('boom');
    await expect(site(post('alice', call('read')))).rejects.toThrow('boom');
    expect(entries.map(({ reason, status }) => [reason, status])).toEqual([
      ['allowed', 500],
      ['allowed', 500],
    ]);
    expect(lock.open.size).toBe(0);
  });

  test.each([
    [204, new Response(null, { status: 204 })],
    [304, new Response(null, { status: 304, headers: { etag: '"1"' } })],
    [302, Response.redirect('https://elsewhere.example/', 302)],
    [200, new Response(null)],
  ])('a %i without a body passes as it is', async (status, response) => {
    const { latchkey, lock, entries } = makeLock(SCOPES, TOOLS);
    const site = door(latchkey, { route: () => response.clone(), mcp: () => response.clone() });
    for (const request of [ask('alice'), post('alice', call('read')), post('alice', { ...call(''), method: 'ping' })]) {
      const answer = await site(request);
      expect([answer.status, answer.body]).toEqual([status, null]);
      expect([...answer.headers]).toEqual([...response.headers]);
    }
    const list = await site(post('alice', { jsonrpc: '2.0', id: 1, method: 'tools/list' }));
    expect([list.status, await list.text()]).toEqual([status, '']);
    expect(entries.map((entry) => entry.status)).toEqual([status, status, status, status]);
    expect(lock.open.size).toBe(0);
  });

  test('HEAD has the headers of GET and no body, and leaves nothing open', async () => {
    const { latchkey, lock } = makeLock(SCOPES);
    let cancelled = 0;
    const body = (): ReadableStream => new ReadableStream({ cancel: () => void (cancelled += 1) });
    const site = door(latchkey, { route: () => new Response(body(), { headers: { etag: '"1"' } }) });
    const answer = await site(ask('alice', { method: 'HEAD' }));
    expect([answer.status, answer.headers.get('etag'), answer.body]).toEqual([200, '"1"', null]);
    await until(() => lock.open.size === 0 && cancelled === 1);
    expect((await site(new Request('http://localhost/mcp', { method: 'HEAD' }))).status).toBe(405);
  });

  test.each(stubborn)('the body of an answer to HEAD may be one that %s', async (_what, route) => {
    const { latchkey, lock } = makeLock(SCOPES);
    const answer = await door(latchkey, { route })(ask('alice', { method: 'HEAD' }));
    expect([answer.status, answer.body, lock.open.size]).toEqual([200, null, 0]);
  });

  test('an answer that no other can be made of fails, and its passage is over', async () => {
    const { latchkey, lock, entries } = makeLock(SCOPES, TOOLS);
    const site = door(latchkey, { mcp: () => Response.error() });
    for (const method of ['tools/list', 'initialize'])
      await expect(site(post('alice', { jsonrpc: '2.0', id: 1, method }))).rejects.toThrow(RangeError);
    expect([lock.open.size, entries.map(({ status }) => status)]).toEqual([0, [500, 500]]);
  });

  test('a body of more than the limit is not taken, with a length or in chunks, and the handler never starts', async () => {
    const { latchkey, entries } = makeLock(SCOPES, TOOLS);
    let served = 0;
    const site = door(latchkey, { mcp: () => new Response(String((served += 1))) });
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
    });
    expect((await site(post('alice', endless))).status).toBe(413);
    expect(sent).toBeLessThan(3 * 1024 * 1024);
    const long = ' '.repeat(1024 * 1024 + 1);
    expect((await site(post('alice', long))).status).toBe(413);
    expect((await site(post('alice', long, { headers: { 'content-length': String(long.length) } }))).status).toBe(413);
    expect((await site(post('alice', long, { headers: { 'content-length': '5' } }))).status).toBe(413);
    expect(served).toBe(0);
    expect(entries.map(({ reason }) => reason)).toEqual(Array.from({ length: 4 }, () => 'body-too-large'));
  });

  test('a body in too many pieces, one that never ends and one that breaks off are not taken', async () => {
    const { latchkey, entries, errors } = makeLock(SCOPES, TOOLS);
    const site = door(latchkey, {});
    let pieces = 0;
    const crumbs = new ReadableStream({
      pull: (controller) => controller.enqueue(Uint8Array.of((pieces += 1) && 32)),
    });
    expect((await site(post('alice', crumbs))).status).toBe(400);
    let stopped = false;
    const silent = new ReadableStream({ cancel: () => void (stopped = true) });
    expect((await site(post('alice', silent))).status).toBe(408);
    expect(stopped).toBe(true);
    const failing = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) });
    expect((await site(post('alice', failing))).status).toBe(500);
    expect(entries.map(({ reason }) => reason)).toEqual(['framing', 'body-timeout', 'caller-gone']);
    // Whoever breaks off a body writes nothing into anybody's log of errors.
    expect(errors).toEqual([]);
  });

  test('a caller who goes away ends the stream behind', async () => {
    const { latchkey, lock, entries } = makeLock(SCOPES);
    let cancelled = false;
    let sent = 0;
    const stream = new ReadableStream({
      pull(controller) {
        sent += 1024;
        controller.enqueue(new Uint8Array(1024));
      },
      cancel: () => void (cancelled = true),
    });
    const site = door(latchkey, { route: () => new Response(stream) });
    const answer = await site(ask('alice'));
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).value).toHaveLength(1024);
    expect(lock.open.size).toBe(1);
    // Who does not read does not let it run on.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sent).toBeLessThan(256 * 1024);
    await reader.cancel();
    await until(() => cancelled);
    expect(lock.open.size).toBe(0);
    expect(entries.map(({ status }) => status)).toEqual([200]);
  });

  test.each(['while the handler runs', 'before it'])('a caller who goes away %s is let go', async (when) => {
    const { latchkey, lock, entries } = makeLock(SCOPES, TOOLS);
    const told: string[] = [];
    const never = (request: Request): Promise<Response> =>
      new Promise((_resolve, reject) => {
        const stop = (): void => {
          told.push(request.method);
          reject(new Error('stopped'));
        };
        if (request.signal.aborted) stop();
        else request.signal.addEventListener('abort', stop);
      });
    const site = door(latchkey, { route: never, mcp: never });
    for (const make of [askUntil, postUntil]) {
      const leaving = new AbortController();
      if (when === 'before it') leaving.abort();
      const answer = site(make(leaving.signal));
      if (when !== 'before it') await until(() => lock.open.size === 1);
      leaving.abort();
      expect((await answer).body).toBe(null);
      await until(() => lock.open.size === 0);
    }
    expect(told).toEqual(['GET', 'POST']);
    expect(entries.map(({ status }) => status)).toEqual([0, 0]);
  });

  test('a caller who takes back the request sees the stream break, and its passage is over', async () => {
    const { latchkey, lock, entries } = makeLock(SCOPES, TOOLS);
    const site = door(latchkey, { route: unending, mcp: unending });
    for (const make of [askUntil, postUntil]) {
      const leaving = new AbortController();
      const reader = ((await site(make(leaving.signal))).body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      leaving.abort();
      await expect(reader.read()).rejects.toThrow('cut');
    }
    expect([lock.open.size, entries.map(({ status }) => status)]).toEqual([0, [200, 200]]);
  });

  test('a stream is passed as it comes, whole', async () => {
    const { latchkey, lock } = makeLock(SCOPES);
    const pieces = Array.from({ length: 400 }, (_, at) => new Uint8Array(1000).fill(at % 256));
    const site = door(latchkey, { route: () => new Response(ReadableStream.from(pieces)) });
    const bytes = new Uint8Array(await (await site(ask('alice'))).arrayBuffer());
    expect(Buffer.from(bytes).equals(Buffer.concat(pieces))).toBe(true);
    expect(lock.open.size).toBe(0);
  });

  test('an answer keeps nothing of the connection that it came over', async () => {
    const { latchkey } = makeLock(SCOPES, TOOLS);
    const hops = { connection: 'keep-alive', 'keep-alive': 'timeout=5', trailer: 'x', 'transfer-encoding': 'chunked' };
    const answer = (): Response => new Response('{"result":{"tools":[]}}', { headers: { ...hops, 'x-kept': 'yes' } });
    const site = door(latchkey, { route: answer, mcp: answer });
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    for (const request of [ask('alice'), post('alice', call('read')), post('alice', list)]) {
      const { headers } = await site(request);
      expect([...headers.keys()].filter((name) => name in hops)).toEqual([]);
      expect(headers.get('x-kept')).toBe('yes');
    }
  });

  test('the end of a credential cuts its answers within a second, and they do not look whole', async () => {
    const { latchkey, lock, revoke } = makeLock(SCOPES, TOOLS);
    let cancelled = 0;
    const events = (): Response =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode('data: {}\n\n')),
          cancel: () => void (cancelled += 1),
        }),
        { headers: { 'content-type': 'text/event-stream' } },
      );
    const site = door(latchkey, { route: events, mcp: events });
    const stream = new Request('http://localhost/mcp', {
      headers: { accept: 'text/event-stream', authorization: 'Bearer alice' },
    });
    const answers = await Promise.all([site(ask('alice')), site(stream), site(post('alice', call('read')))]);
    const readers = answers.map(({ body }) => (body as ReadableStream<Uint8Array>).getReader());
    for (const reader of readers) expect((await reader.read()).value).toHaveLength(10);
    const since = performance.now();
    revoke('alice');
    for (const reader of readers) await expect(reader.read()).rejects.toThrow('cut');
    expect(performance.now() - since).toBeLessThan(1000);
    await until(() => cancelled === 3);
    expect(lock.open.size).toBe(0);
  });

  test('a handler that runs when the credential ends is told, and its answer goes nowhere', async () => {
    const { latchkey, lock, revoke } = makeLock(SCOPES, TOOLS);
    let told = false;
    const site = door(latchkey, {
      mcp: (request) =>
        new Promise((resolve) => {
          request.signal.addEventListener('abort', () => {
            told = true;
            resolve(new Response('late'));
          });
        }),
    });
    const answer = site(post('alice', call('read')));
    await until(() => lock.open.size === 1);
    revoke('alice');
    await expect(answer).rejects.toThrow('cut');
    expect(told).toBe(true);
    expect(lock.open.size).toBe(0);
  });

  test('an answer that breaks off does not look whole, and one that cannot be shown is refused', async () => {
    const { latchkey, lock, entries } = makeLock(SCOPES, TOOLS);
    const headers = { 'access-control-allow-origin': 'https://app.example', 'set-cookie': 'a=1', etag: '"1"' };
    const site = door(latchkey, { route: broken, mcp: () => new Response('{"result":{"tools":[', { headers }) });
    const answer = await site(ask('alice'));
    await expect(answer.text()).rejects.toThrow('cut');
    const list = await site(post('alice', { jsonrpc: '2.0', id: 'é', method: 'tools/list' }));
    expect([list.status, ((await list.json()) as { id: unknown }).id]).toEqual([502, 'é']);
    // A page reads the refusal by what the server says of who may.
    expect([...list.headers.keys()]).toEqual(['access-control-allow-origin', 'cache-control', 'content-type']);
    expect(entries.map(({ reason, decision, status }) => [reason, decision, status])).toEqual([
      ['allowed', 'allow', 200],
      ['upstream-invalid', 'allow', 502],
    ]);
    expect(lock.open.size).toBe(0);
  });
});
