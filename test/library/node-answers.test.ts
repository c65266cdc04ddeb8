import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { converseRaw, openConnection } from '../fixtures/raw-connection.ts';
import { createAnonymous } from '../../packages/latchkey/src/core/principal.ts';
import type { Verifier } from '../../packages/latchkey/src/core/verifier.ts';
import type { HandMadeLock } from './hand-made-lock.ts';
import type { Listening } from './listening.ts';
import { makeLoopbackLock } from './loopback-lock.ts';
import { nodeFrameworks, type Handlers, type RawHandler } from './node-doors.ts';

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const FULL = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"},{"name":"rm"}]}}';
const SHORT = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"}]}}';
const EVENTS = { 'content-type': 'text/event-stream' };

let site: Listening | null = null;
afterEach(async () => {
  await site?.close();
  site = null;
});

const makeLock = (): HandMadeLock =>
  makeLoopbackLock({ tokens: { alice: ['a', 'report'], bob: ['b'] }, tools: { echo: ['a'], rm: ['x'] } });

const answering = (mcp: RawHandler): Handlers => ({ mcp, report: mcp });

const JSON_TYPE = { 'content-type': 'application/json', accept: '*/*' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const toPost = (message: object) => ({ method: 'POST', body: JSON.stringify(message) });

function list(url: string, message: object = LIST): Promise<Response> {
  return fetch(`${url}/mcp`, { ...toPost(message), headers: { ...JSON_TYPE, ...bearer('alice') } });
}

const beginEvents: RawHandler = (_request, response) => {
  response.writeHead(200, EVENTS);
  response.write('data: {}\n\n');
};

/** Every way in which Node lets a handler write a list. */
const ways: readonly (readonly [string, (response: ServerResponse) => void])[] = [
  ['end', (response) => void response.end(FULL)],
  ['end, with an encoding and a callback', (response) => void response.end(FULL, 'utf8', () => undefined)],
  ['end of bytes', (response) => void response.end(new Uint8Array(Buffer.from(FULL)))],
  ['write and end', (response) => void response.end(FULL.slice(response.write(FULL.slice(0, 20)) ? 20 : 20))],
  ['write in hex', (response) => response.write(Buffer.from(FULL).toString('hex'), 'hex', () => response.end())],
  ['writeHead and its length', (response) => void response.writeHead(200, { 'Content-Length': FULL.length }).end(FULL)],
  ['writeHead with pairs', (response) => void response.writeHead(200, 'Fine', [['X-A', 'b']] as never).end(FULL)],
  ['writeHead with a list', (response) => void response.writeHead(200, ['x-a', 'b', 'x-a', 'c']).end(FULL)],
  ['flushHeaders', (response) => (response.flushHeaders(), response.end(FULL), undefined)],
  [
    'setHeader and status',
    (response) => (response.setHeader('Set-Cookie', ['a=1', 'b=2']), response.end(FULL), undefined),
  ],
  [
    'end, in chunks as it says itself',
    (response) => (response.setHeader('Transfer-Encoding', 'chunked'), response.end(FULL), undefined),
  ],
  [
    'pipes from a server that writes in chunks',
    (response) =>
      void response.writeHead(200, ['Connection', 'close', 'Transfer-Encoding', 'chunked', 'Trailer', 'x']).end(FULL),
  ],
  ['end twice', (response) => (response.end(FULL), response.end(FULL), response.write(FULL), undefined)],
];

describe.each(nodeFrameworks)('answers of $name', ({ serve }) => {
  it.each(ways)('shows of a list that was written by %s what its caller may see', async (_way, write) => {
    const made = makeLock();
    site = await serve(
      made.latchkey,
      answering((_request, response) => write(response)),
    );
    const got = await list(site.url);
    expect([got.status, await got.text(), got.headers.get('content-length')]).toEqual([
      200,
      SHORT,
      String(SHORT.length),
    ]);
    await vi.waitFor(() => expect(made.open()).toBe(0));
    expect(made.trail.map(({ decision, status }) => [decision, status])).toEqual([['allow', 200]]);
  });

  it.each(ways)('asks middleware for its headers before a list that was written by %s', async (_way, write) => {
    site = await serve(
      makeLock().latchkey,
      answering((_request, response) => {
        const calls = setBefore(response);
        write(response);
        if (calls.count !== 1) response.destroy();
      }),
    );
    const got = await list(site.url);
    expect([got.headers.get('x-session'), await got.text()]).toEqual(['begun', SHORT]);
  });

  it('tells the handler what Node would', async () => {
    const told: unknown[] = [];
    const mcp: RawHandler = (_request, response) => {
      told.push(response.headersSent, response.writableEnded);
      response.writeHead(201, { 'x-a': 'b' });
      told.push(response.headersSent);
      try {
        response.writeHead(200);
      } catch (error) {
        told.push((error as { code: string }).code);
      }
      response.end(FULL, () => told.push('finished'));
      told.push(response.writableEnded);
    };
    site = await serve(makeLock().latchkey, answering(mcp));
    const got = await list(site.url);
    expect([got.status, got.headers.get('x-a'), await got.text()]).toEqual([201, 'b', SHORT]);
    await vi.waitFor(() => expect(told).toEqual([false, false, true, 'ERR_HTTP_HEADERS_SENT', true, 'finished']));
  });

  it('filters events as they come, in any pieces', async () => {
    let end: (() => void) | null = null;
    const mcp: RawHandler = (_request, response) => {
      response.writeHead(200, EVENTS);
      response.flushHeaders();
      const event = `event: message\ndata: ${FULL}\n\n`;
      for (const character of event) response.write(character);
      end = () => void response.end(': bye\n\n');
    };
    site = await serve(makeLock().latchkey, answering(mcp));
    const got = await list(site.url);
    const reader = (got.body as ReadableStream<Uint8Array>).getReader();
    const first = await reader.read();
    expect(Buffer.from(first.value as Uint8Array).toString()).toBe(`event: message\ndata: ${SHORT}\n\n`);
    (end as unknown as () => void)();
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe(': bye\n\n');
  });

  it.each([
    ['text', EVENTS],
    ['chunks', { ...EVENTS, 'transfer-encoding': 'chunked' }],
  ])('frames events anew that were written whole, as %s', async (_how, headers) => {
    // It tells Node the length of a text without a header.
    const written = getRequestListener(() => new Response(`data: ${FULL}\n\n`, { headers }), {
      overrideGlobalObjects: false,
    });
    site = await serve(makeLock().latchkey, answering(written));
    const got = await list(site.url);
    expect([await got.text(), got.headers.get('transfer-encoding')]).toEqual([`data: ${SHORT}\n\n`, 'chunked']);
  });

  it('answers 502 where a list cannot be looked at, and lets the handler go on', async () => {
    const made = makeLock();
    const answers: RawHandler[] = [
      (_request, response) => response.end('no JSON'),
      (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip', ...EVENTS }).end('data: x\n\n'),
      (_request, response) => {
        response.setHeader('x-secret', 'no');
        response.setHeader('vary', 'origin');
        for (let i = 0; i < 9; i += 1) response.write('x'.repeat(1024 * 1024));
        response.end();
      },
    ];
    site = await serve(
      made.latchkey,
      answering((...given) => answers.shift()?.(...given)),
    );
    for (let i = 0; i < 3; i += 1) {
      const got = await list(site.url);
      expect([got.status, got.headers.get('x-secret'), (await got.json()) as unknown]).toMatchObject([
        502,
        null,
        { id: 1, error: {} },
      ]);
    }
    await vi.waitFor(() => expect(made.open()).toBe(0));
    expect(made.trail.map(({ reason, decision }) => [reason, decision])).toEqual([
      ['upstream-invalid', 'allow'],
      ['upstream-invalid', 'allow'],
      ['upstream-too-large', 'allow'],
    ]);
  });

  it('gives the next nonce of a proof with every answer', async () => {
    const verifier: Verifier = {
      name: 'test',
      verify: () => ({ kind: 'accept', principal: { ...createAnonymous(['a']), kind: 'token' }, nonce: 'next' }),
    };
    const made = makeLoopbackLock({ tokens: {}, tools: { echo: ['a'] }, parts: { verifier } });
    const bodies = [FULL, 'no JSON'];
    site = await serve(
      made.latchkey,
      answering((_request, response) => response.end(bodies.shift())),
    );
    for (const status of [200, 502]) {
      const got = await list(site.url);
      expect([got.status, got.headers.get('dpop-nonce')]).toEqual([status, 'next']);
    }
  });

  it.each([false, true])('survives a handler that fails, after it wrote: %s', async (wrote) => {
    const made = makeLock();
    const mcp: RawHandler = (_request, response) => {
      if (wrote) {
        response.writeHead(200, EVENTS);
        response.write('data: {}\n\n');
      }
      // As the framework's own way to deal with errors would.
      response.destroy(new Error('the handler failed'));
    };
    site = await serve(made.latchkey, answering(mcp));
    const got = await list(site.url).then(
      (response) => response.text(),
      () => 'cut',
    );
    expect(got === 'cut').toBe(true);
    await vi.waitFor(() => expect(made.open()).toBe(0));
    expect(made.trail.map(({ status }) => status)).toEqual([wrote ? 200 : 0]);
  });

  it('notes once that a caller left in the middle of an answer', async () => {
    const made = makeLock();
    let closed = 0;
    const mcp: RawHandler = (_request, response) => {
      response.on('close', () => (closed += 1));
      response.writeHead(200, EVENTS);
      response.write('data: {}\n\n');
    };
    site = await serve(made.latchkey, answering(mcp));
    for (const path of ['/mcp', '/report']) {
      const body = JSON.stringify(LIST);
      const socket = openConnection(site.url);
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer alice\r\ncontent-type: application/json\r\n` +
          `content-length: ${body.length}\r\n\r\n${body}`,
      );
      await once(socket, 'data');
      expect(made.open()).toBe(1);
      socket.destroy();
      await vi.waitFor(() => expect(made.open()).toBe(0));
    }
    await vi.waitFor(() => expect(closed).toBe(2));
    expect(made.trail.map(({ status }) => status)).toEqual([200, 200]);
  });

  it.each(['/mcp', '/report'])('cuts an answer that was begun before it could be refused, at %s', async (path) => {
    const made = makeLock();
    let called = 0;
    site = await serve(
      made.latchkey,
      answering(() => (called += 1)),
    );
    site.server.prependListener('request', (_request, response) => void response.write('wait'));
    for (const token of ['eve', 'alice', 'slow-alice']) {
      const response = fetch(site.url + path, { ...toPost(LIST), headers: { ...JSON_TYPE, ...bearer(token) } });
      await expect(response.then((got) => got.text())).rejects.toThrow(TypeError);
    }
    expect(made.trail.map(({ decision, reason }) => [decision, reason])).toEqual(
      Array.from({ length: 3 }, () => ['deny', 'internal']),
    );
    expect(made.errors.map(String)).toEqual(Array.from({ length: 3 }, () => expect.stringContaining('was begun')));
    expect([called, made.open()]).toEqual([0, 0]);
  });

  it.each(['/mcp', '/report'])('leaves an answer to who began it while it was judged, at %s', async (path) => {
    const made = makeLock();
    let called = 0;
    site = await serve(
      made.latchkey,
      answering(() => (called += 1)),
    );
    site.server.prependListener('request', (_request, response) => {
      setTimeout(() => response.writeHead(503).write('too late, '), 5);
      setTimeout(() => response.end('sorry'), 60);
    });
    for (const token of ['slow-alice', 'slow-eve']) {
      const response = await fetch(site.url + path, { ...toPost(LIST), headers: { ...JSON_TYPE, ...bearer(token) } });
      expect([response.status, await response.text()]).toEqual([503, 'too late, sorry']);
    }
    expect(made.trail.map(({ status }) => status)).toEqual([503, 401]);
    expect([called, made.open(), made.errors]).toEqual([0, 0, []]);
  });

  it('does not call the handler for who left while it was asked who that is', async () => {
    const made = makeLock();
    let called = 0;
    site = await serve(
      made.latchkey,
      answering(() => (called += 1)),
    );
    const socket = openConnection(site.url);
    socket.write('GET /report HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer slow-alice\r\n\r\n');
    await wait(5);
    socket.destroy();
    await vi.waitFor(() => expect(made.trail.map(({ status }) => status)).toEqual([0]));
    expect([called, made.open()]).toEqual([0, 0]);
  });

  it('holds a server back whose caller reads slowly', async () => {
    const made = makeLock();
    let written = 0;
    let full = false;
    const piece = `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'x', params: { pad: 'x'.repeat(60_000) } })}\n\n`;
    const mcp: RawHandler = async (_request, response) => {
      response.writeHead(200, EVENTS);
      while (written < 1000) {
        written += 1;
        if (response.write(piece)) continue;
        full = true;
        await once(response, 'drain');
      }
      response.end();
    };
    site = await serve(made.latchkey, answering(mcp));
    const got = await list(site.url);
    const reader = (got.body as ReadableStream<Uint8Array>).getReader();
    let size = (await reader.read()).value?.length ?? 0;
    await vi.waitFor(() => expect(full).toBe(true));
    await wait(200);
    expect(written).toBeLessThan(500);
    for (let read = await reader.read(); !read.done; read = await reader.read()) size += read.value.length;
    expect(size).toBe(1000 * piece.length);
  });

  it('cuts the answer of a credential that ended, within a second', async () => {
    const made = makeLock();
    site = await serve(made.latchkey, answering(beginEvents));
    const got = await list(site.url);
    const reader = (got.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    made.revoke('alice');
    const revokedAt = performance.now();
    await expect(reader.read()).rejects.toThrow('terminated');
    expect(performance.now() - revokedAt).toBeLessThan(1000);
    await vi.waitFor(() => expect(made.open()).toBe(0));
  });

  it('leaves an answer without a body without one', async () => {
    const statuses = [204, 304, 202];
    const mcp: RawHandler = (_request, response) => void response.writeHead(statuses.shift() as number).end();
    site = await serve(makeLock().latchkey, answering(mcp));
    const { text } = await converseRaw(site.url, asked() + asked() + asked(), {
      until: (so) => so.includes(' 202 ') && so.endsWith('\r\n\r\n'),
    });
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 204', 'HTTP/1.1 304', 'HTTP/1.1 202']);
  });
});

function asked(): string {
  const body = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });
  return (
    'POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer alice\r\ncontent-type: application/json\r\n' +
    `content-length: ${body.length}\r\n\r\n${body}`
  );
}

/** As sessions do: a header of its own as late as can be, and the head at the latest with the first of the body. */
function setBefore(response: ServerResponse): { readonly count: number } {
  const calls = { count: 0 };
  const { writeHead, end } = response;
  response.writeHead = ((...given: Parameters<typeof writeHead>) => {
    calls.count += 1;
    response.setHeader('x-session', 'begun');
    return writeHead.apply(response, given);
  }) as typeof writeHead;
  response.end = ((...given: Parameters<typeof end>) => {
    const { _header, _implicitHeader } = response as unknown as { _header: unknown; _implicitHeader(): void };
    if (!_header) _implicitHeader.call(response);
    return end.apply(response, given);
  }) as typeof end;
  return calls;
}
