import type { IncomingMessage } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openConnection, converseRaw } from '../fixtures/raw-connection.ts';
import { exchangeRaw } from '../fixtures/raw-http.ts';
import type { HandMadeLock } from './hand-made-lock.ts';
import type { Listening } from './listening.ts';
import { makeLoopbackLock } from './loopback-lock.ts';
import { nodeFrameworks, type Handlers } from './node-doors.ts';

const CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 2,
  method: 'tools/call',
  params: { name: 'echo', arguments: { text: 'é' } },
});
const JSON_POST = 'content-type: application/json\r\naccept: application/json, text/event-stream\r\n';

let site: Listening | null = null;
afterEach(async () => {
  await site?.close();
  site = null;
});

const makeLock = (): HandMadeLock =>
  makeLoopbackLock({ tokens: { alice: ['a', 'report'], bob: ['b'] }, tools: { echo: ['a'], rm: ['x'] } });

const NONE: Handlers = { mcp: (_request, response) => response.end(), report: (_request, response) => response.end() };

function post(url: string, token: string, body: string | ReadableStream): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${token}` },
    body,
    ...(typeof body === 'string' ? {} : { duplex: 'half' }),
  } as RequestInit);
}

function head(path: string, token: string, more = ''): string {
  return `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n${JSON_POST}${more}\r\n`;
}

/** Every way in which a handler reads a request. */
const readers: readonly (readonly [string, (request: IncomingMessage) => Promise<string>])[] = [
  ['for await', async (request) => (await readAll(request)).toString()],
  ['for await, later', async (request) => wait(20).then(async () => (await readAll(request)).toString())],
  ['pipe', async (request) => (await readAll(request.pipe(new PassThrough()))).toString()],
  [
    'data and end',
    (request) =>
      new Promise((resolve) => {
        let text = '';
        request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        request.on('end', () => resolve(text));
      }),
  ],
  [
    'readable',
    (request) =>
      new Promise((resolve) => {
        const pieces: Buffer[] = [];
        request.on('readable', () => {
          for (let piece = request.read() as Buffer | null; piece !== null; piece = request.read() as Buffer | null)
            pieces.push(piece);
        });
        request.on('end', () => resolve(Buffer.concat(pieces).toString()));
      }),
  ],
];

describe.each(nodeFrameworks)('requests to $name', ({ serve }) => {
  it.each(['alice', 'slow-alice'])('gives %s in, and hands on the bytes that were judged', async (token) => {
    const made = makeLock();
    const seen: unknown[] = [];
    site = await serve(made.latchkey, {
      mcp: (_request, response, { principal, authInfo, body }) => {
        seen.push([principal?.name, (authInfo as { token: string }).token, body]);
        response.end('ok');
      },
      report: (_request, response, { principal }) => response.end(principal?.name),
    });
    const authorization = `Bearer ${token}`;
    expect(await (await fetch(`${site.url}/report`, { headers: { authorization } })).text()).toBe('alice');
    expect((await fetch(`${site.url}/report`, { headers: { authorization: 'Bearer bob' } })).status).toBe(403);
    expect((await fetch(`${site.url}/report`)).status).toBe(401);
    expect(await (await post(`${site.url}/mcp`, token, CALL)).text()).toBe('ok');
    expect((await post(`${site.url}/mcp`, 'bob', CALL)).status).toBe(403);
    expect((await post(`${site.url}/mcp`, token, '{"a":1,"a":2}')).status).toBe(400);
    expect(seen).toEqual([['alice', '[redacted]', JSON.parse(CALL)]]);
    await vi.waitFor(() => expect(made.open()).toBe(0));
    expect(made.trail.map(({ decision }) => decision)).toEqual(['allow', 'deny', 'deny', 'allow', 'deny', 'deny']);
    expect(made.errors).toEqual([]);
  });

  it('publishes the metadata of the resource', async () => {
    site = await serve(makeLock().latchkey, NONE);
    const url = `${site.url}/.well-known/oauth-protected-resource/mcp`;
    const got = await fetch(url);
    expect([got.headers.get('access-control-allow-origin'), await got.json()]).toEqual([
      '*',
      { resource: 'https://api.example/mcp' },
    ]);
    const bodiless = await fetch(url, { method: 'HEAD' });
    expect([bodiless.status, bodiless.headers.get('content-length')]).toEqual([200, null]);
    expect((await fetch(url, { method: 'OPTIONS' })).status).toBe(204);
  });

  it('reads a body that comes in pieces, and refuses one in too many, one too long, and trailers', async () => {
    const bodies: unknown[] = [];
    const made = makeLock();
    site = await serve(made.latchkey, {
      ...NONE,
      mcp: (_request, response, { body }) => response.end(bodies.push(body) && 'ok'),
    });
    const pieces = Readable.toWeb(Readable.from([...CALL].map((each) => Buffer.from(each)))) as ReadableStream;
    expect((await post(`${site.url}/mcp`, 'alice', pieces)).status).toBe(200);
    expect(bodies).toEqual([JSON.parse(CALL)]);
    const chunked = head('/mcp', 'alice', 'transfer-encoding: chunked\r\n');
    const tiny = await converseRaw(site.url, `${chunked}${'1\r\n \r\n'.repeat(20_000)}`, { until: hasAnswer });
    expect(tiny.statuses).toEqual([400]);
    const trailed = `${chunked}${CALL.length.toString(16)}\r\n`.replace('é', 'e');
    const body = CALL.replace('é', 'e');
    const [withTrailers] = await exchangeRaw(site.url, `${trailed}${body}\r\n0\r\nx: 1\r\n\r\n`);
    expect(withTrailers?.status).toBe(400);
    const [declared] = await exchangeRaw(site.url, head('/mcp', 'alice', 'content-length: 10485760\r\n'));
    expect(declared?.status).toBe(413);
    expect((await post(`${site.url}/mcp`, 'alice', JSON.stringify({ text: 'x'.repeat(10_000_000) }))).status).toBe(413);
    expect(bodies).toHaveLength(1);
    expect([made.open(), made.errors]).toEqual([0, []]);
  });

  it('waits for a body no longer than it may take, and notes who left meanwhile', async () => {
    const made = makeLock();
    site = await serve(made.latchkey, NONE, { bodyTimeoutMs: 200 });
    const late = await converseRaw(site.url, head('/mcp', 'alice', 'content-length: 100\r\n') + '{');
    expect([late.statuses, late.closed]).toEqual([[408], true]);
    const socket = openConnection(site.url);
    socket.write(head('/mcp', 'alice', 'content-length: 100\r\n') + '{');
    await wait(50);
    socket.destroy();
    await vi.waitFor(() => expect(made.trail.map(({ reason }) => reason)).toEqual(['body-timeout', 'caller-gone']));
    expect([made.open(), made.errors]).toEqual([0, []]);
  });

  it('never reads what a refused request had as its body as a request', async () => {
    const made = makeLock();
    const seen: string[] = [];
    site = await serve(made.latchkey, {
      ...NONE,
      report: (request, response) => {
        seen.push(request.headers['x-mark'] as string);
        response.end('ok');
      },
    });
    const inside = reportBy('inside');
    const refused = head('/mcp', 'eve', `content-length: ${inside.length}\r\n`) + inside;
    const answers = await exchangeRaw(site.url, refused + reportBy('after'), 2);
    expect(answers.map(({ status }) => status)).toEqual([401, 200]);
    expect(seen).toEqual(['after']);
    // Of a body that is long, or has no known end, nothing is waited for.
    const endless = `transfer-encoding: chunked\r\n\r\n${inside.length.toString(16)}`;
    for (const length of ['content-length: 1000000\r\n', endless]) {
      const { statuses, closed } = await converseRaw(site.url, head('/mcp', 'eve', length) + inside);
      expect([statuses.slice(0, 1), closed]).toEqual([[401], true]);
    }
    expect(seen).toEqual(['after']);
  });

  it('reads what comes twice as ambiguous, and serves HEAD and 100-continue', async () => {
    const made = makeLock();
    site = await serve(made.latchkey, NONE);
    const twice = await exchangeRaw(
      site.url,
      head('/mcp', 'alice', `authorization: Bearer bob\r\ncontent-length: 0\r\n`),
    );
    expect(twice.map(({ status }) => status)).toEqual([400]);
    const { statuses } = await converseRaw(
      site.url,
      head('/mcp', 'alice', `content-length: ${Buffer.byteLength(CALL)}\r\nexpect: 100-continue\r\n`) +
        Buffer.from(CALL).toString('latin1'),
      { until: (text) => text.includes('HTTP/1.1 200') },
    );
    expect(statuses).toEqual([100, 200]);
    const refusal = await fetch(`${site.url}/mcp`, { method: 'HEAD', headers: { authorization: 'Bearer alice' } });
    expect([refusal.status, await refusal.text()]).toEqual([405, '']);
    // Whose bodies are still on their way, too.
    const more = 'host: 127.0.0.1\r\ncontent-length: 1000000\r\n\r\n';
    for (const [path, status] of [
      ['/report', 401],
      ['/.well-known/oauth-protected-resource/mcp', 200],
    ] as const) {
      const got = await converseRaw(site.url, `HEAD ${path} HTTP/1.1\r\n${more}`);
      expect([got.statuses, got.text.endsWith('\r\n\r\n')]).toEqual([[status], true]);
    }
  });

  it('gives a handler that reads the request itself what was judged, and then its end', async () => {
    const text = JSON.stringify({ ...JSON.parse(CALL), pad: 'x'.repeat(300_000) });
    const read: string[] = [];
    site = await serve(makeLock().latchkey, {
      ...NONE,
      async mcp(request, response) {
        // Fastify has read it by now, as its own handlers want it.
        if (!request.readableEnded) read.push((await readAll(request)).toString());
        response.end('ok');
      },
    });
    expect((await post(`${site.url}/mcp`, 'alice', text)).status).toBe(200);
    expect((await post(`${site.url}/mcp`, 'slow-alice', new Blob([text]).stream())).status).toBe(200);
    expect(read.every((each) => each === text)).toBe(true);
  });

  it.each(readers)('gives what was judged to a handler that reads by %s, however it came', async (_way, read) => {
    const made = makeLock();
    const got: string[] = [];
    site = await serve(made.latchkey, {
      ...NONE,
      async mcp(request, response) {
        got.push(request.readableEnded ? CALL : await read(request));
        response.end('ok');
      },
    });
    const bytes = Buffer.from(CALL);
    const counted = (token: string): string => head('/mcp', token, `content-length: ${bytes.length}\r\n`);
    const chunked = head('/mcp', 'alice', 'transfer-encoding: chunked\r\n');
    const chunks = [bytes.subarray(0, 9), bytes.subarray(9)].map((each) => [
      `${each.length.toString(16)}\r\n`,
      each,
      '\r\n',
    ]);
    const ways: readonly (readonly (string | Buffer)[])[] = [
      [Buffer.concat([Buffer.from(counted('alice')), bytes])],
      [Buffer.concat([Buffer.from(counted('slow-alice')), bytes])],
      [counted('alice'), bytes],
      [counted('slow-alice') + '{', bytes.subarray(1)],
      [counted('alice') + '{', bytes.subarray(1, 20), bytes.subarray(20)],
      [chunked, Buffer.concat([...chunks.flat(), '0\r\n\r\n'].map((each) => Buffer.from(each)))],
    ];
    for (const pieces of ways) expect(await sendInPieces(site.url, pieces)).toEqual([200]);
    const pair = Buffer.concat([Buffer.from(counted('alice')), bytes, Buffer.from(counted('alice')), bytes]);
    expect((await exchangeRaw(site.url, pair, 2)).map(({ status }) => status)).toEqual([200, 200]);
    expect(got).toEqual(Array.from({ length: 8 }, () => CALL));
    await vi.waitFor(() => expect(made.open()).toBe(0));
    expect(made.errors).toEqual([]);
  });

  it('serves one connection over and over', async () => {
    site = await serve(makeLock().latchkey, {
      ...NONE,
      mcp: (_request, response, { body }) => response.end(JSON.stringify(body)),
    });
    const one =
      head('/mcp', 'alice', `content-length: ${Buffer.byteLength(CALL)}\r\n`) + Buffer.from(CALL).toString('latin1');
    const answers = await exchangeRaw(site.url, Buffer.from(one.repeat(20), 'latin1'), 20);
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 20 }, () => CALL));
  });
});

function reportBy(mark: string): string {
  return `GET /report HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer alice\r\nx-mark: ${mark}\r\n\r\n`;
}

/** Each piece when the one before is on its way. */
async function sendInPieces(url: string, pieces: readonly (string | Buffer)[]): Promise<readonly number[]> {
  const socket = openConnection(url);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  for (const piece of pieces) {
    socket.write(piece);
    await wait(20);
  }
  await vi.waitFor(() => expect(text).toMatch(/ok/));
  socket.destroy();
  return [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
}

function hasAnswer(text: string): boolean {
  return /HTTP\/1\.1 [2-5]\d\d/.test(text);
}

async function readAll(request: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}
