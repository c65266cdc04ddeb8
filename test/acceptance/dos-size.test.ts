import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hold, type Held } from '../fixtures/connections.ts';
import { residentBytes } from '../fixtures/processes.ts';
import { headerValue } from '../fixtures/raw-http.ts';
import { expectEachRefused, ranBy } from './answers.ts';
import {
  callBody,
  expectUpstreamUntouched,
  requestBytes,
  send,
  startEverySite,
  type Call,
  type Site,
} from './harness.ts';
import type { Spy } from './harness.ts';

const linux = process.platform === 'linux';
const MIB = 1024 * 1024;
const CAP = 64 * 1024;
let http: Site;
let sites: readonly Site<Spy>[];
beforeAll(async () => {
  sites = await startEverySite({ limits: { bodyBytes: '64KiB', bodyTimeout: '2s', headersTimeout: '2s' } });
  http = sites[0] as Site;
}, 120_000);
afterAll(() => Promise.all(sites.map((site) => site.close())));

/** The bytes of a call up to its body. */
function headOf(call: Call): Buffer {
  return requestBytes(http, { ...call, body: '' });
}

const CHUNKED = { 'Transfer-Encoding': 'chunked', 'Content-Length': null };

/** M0 with a text that makes the body so long. */
function bodyOf(length: number): string {
  const empty = callBody({ args: { text: '' } });
  return empty.replace('"text":""', `"text":"${'x'.repeat(length - empty.length)}"`);
}

function toChunks(body: string, size: number): string {
  const chunks = Array.from({ length: Math.ceil(body.length / size) }, (_, i) => body.slice(i * size, (i + 1) * size));
  return [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
}

const toChunk = (part: Buffer): Buffer => Buffer.concat([Buffer.from('10000\r\n'), part, Buffer.from('\r\n')]);

/** Sends zeros as fast as they are taken, until the connection closes or so many were written. */
async function pour(held: Held, most: number, frame: (part: Buffer) => Buffer = (part) => part): Promise<number> {
  const part = frame(Buffer.alloc(64 * 1024));
  let poured = 0;
  while (held.open && poured < most) {
    poured += part.length;
    if (!held.socket.write(part))
      await Promise.race([new Promise((resolve) => held.socket.once('drain', resolve)), held.closed]);
  }
  return poured;
}

test('DOS-01 body cap: at the cap a body is taken, past it none is', async () => {
  for (const site of sites) {
    const exact = await send(site, { body: bodyOf(CAP) });
    expect(String(ranBy(exact).args['text']).length).toBeGreaterThan(CAP - 400);
    const chunked = await send(site, { headers: CHUNKED, body: toChunks(bodyOf(CAP), 1000) });
    expect(ranBy(chunked).ran).toBe('echo');
    const tooLarge = {
      'with its length': { body: bodyOf(CAP + 1) },
      chunked: { headers: CHUNKED, body: toChunks(bodyOf(CAP + 1), 1000) },
    };
    await expectEachRefused(site, tooLarge, 413);
  }
});

test('DOS-01 body cap: a length that is too large is refused before a byte of the body', async () => {
  await expectUpstreamUntouched(http, async () => {
    for (const length of [CAP + 1, 10 * 1024 ** 3, 999_999_999_999_999]) {
      const held = hold(http.gateway.url);
      held.socket.write(headOf({ headers: { 'Content-Length': String(length) } }));
      await held.heard('HTTP/1.1 413');
      expect(await held.closed).toBeLessThan(5000);
    }
  });
});

test('DOS-01 body cap: a length that lies', async () => {
  await expectUpstreamUntouched(http, async () => {
    // More than is sent: the rest never comes, and nothing is judged that is not whole.
    const short = hold(http.gateway.url);
    short.socket.write(requestBytes(http, { headers: { 'Content-Length': String(callBody().length + 1) } }));
    await short.heard('HTTP/1.1 408');
    expect(await short.closed).toBeLessThan(15_000);
  });
  // Less than is sent: what is over is no request, so the connection ends with it.
  const long = hold(http.gateway.url);
  long.socket.write(
    Buffer.concat([requestBytes(http, {}), Buffer.from('{"jsonrpc":"2.0","id":2,"method":"tools/call"}')]),
  );
  await long.closed;
  expect(long.text()).toMatch(/^(?:HTTP\/1\.1 200[^]*)?HTTP\/1\.1 400/);
  const cut = callBody().length - 1;
  const unfinished = await send(http, { headers: { 'Content-Length': String(cut) } });
  expect(unfinished.status).toBe(400);
});

test.skipIf(!linux)('DOS-01 body cap: without a credential no byte of a body is kept', async () => {
  const stranger = { token: null, headers: { 'Content-Length': String(CAP), Expect: '100-continue' } };
  await expectUpstreamUntouched(http, async () => {
    const waiting = hold(http.gateway.url);
    waiting.socket.write(headOf(stranger));
    await waiting.heard('HTTP/1.1 401');
    expect(waiting.text()).not.toContain('100 Continue');
    waiting.socket.destroy();
    const known = hold(http.gateway.url);
    known.socket.write(headOf({ headers: stranger.headers }));
    await known.heard('HTTP/1.1 100 Continue');
    known.socket.destroy();
    // Poured in all the same, it goes nowhere, and not for long; what is over 16 MiB is not even read.
    const before = residentBytes(http.gateway.pid);
    const flood = Array.from({ length: 20 }, () => {
      const held = hold(http.gateway.url);
      held.socket.write(headOf({ token: null, headers: CHUNKED }));
      return held;
    });
    const poured = await Promise.all(flood.map((held) => pour(held, 256 * MIB, toChunk)));
    for (const [index, held] of flood.entries()) {
      await held.heard('HTTP/1.1 401');
      await held.closed;
      expect(poured[index]).toBeLessThan(32 * MIB);
    }
    expect(residentBytes(http.gateway.pid) - before).toBeLessThan(128 * MIB);
  });
});

test.skipIf(!linux)('DOS-01 body cap: a body in crumbs costs no more than a whole one', async () => {
  const before = residentBytes(http.gateway.pid);
  const crumbs = Buffer.from(`1;${'e'.repeat(200)}\r\n \r\n`.repeat(100));
  const calls = Array.from({ length: 8 }, async () => {
    const held = hold(http.gateway.url);
    held.socket.write(headOf({ headers: CHUNKED }));
    await pour(held, 8 * MIB, () => crumbs);
    await held.heard('HTTP/1.1 400');
    await held.closed;
  });
  await expectUpstreamUntouched(http, async () => void (await Promise.all(calls)));
  expect(residentBytes(http.gateway.pid) - before).toBeLessThan(100 * MIB);
  // In pieces as a network makes them it is taken.
  expect((await send(http, { headers: CHUNKED, body: toChunks(bodyOf(CAP), 100) })).status).toBe(200);
  expect((await send(http, { headers: CHUNKED, body: toChunks(callBody(), 1) })).status).toBe(200);
});

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-${i}`, '1']));

test('DOS-02 header cap', async () => {
  const mistakes: Record<string, Call> = {
    '17 KB in one value': { headers: { 'X-Large': 'x'.repeat(17 * 1024) } },
    '17 KB in many values': { headers: { 'X-Large': Array.from({ length: 34 }, () => 'x'.repeat(500)) } },
    '17 KB of one name': { headers: { ['x'.repeat(17 * 1024)]: '1' } },
    '17 KB of a credential': { token: 'x'.repeat(17 * 1024) },
    '17 KB of a target': { target: `/mcp?${'x'.repeat(17 * 1024)}` },
    '2,500 headers': { headers: many(2500) },
    '1,000 headers': { headers: many(1000) },
    '101 headers': { headers: many(101) },
    '2,500 headers of one name': { headers: { 'Mcp-Param-X': Array.from({ length: 2500 }, () => '1') } },
    '2,500 empty headers': { headers: { X: Array.from({ length: 2500 }, () => '') } },
  };
  for (const site of sites)
    await expectUpstreamUntouched(site, async () => {
      for (const [mistake, call] of Object.entries(mistakes)) {
        const answer = await send(site, call);
        expect({ mistake, status: answer.status }).toEqual({ mistake, status: 431 });
      }
    });
  expect((await send(http, { headers: { 'X-Large': 'x'.repeat(15 * 1024) } })).status).toBe(200);
  expect((await send(http, { headers: many(80) })).status).toBe(200);
});

test('DOS-02 header cap: in trailers and in chunks', async () => {
  const trailer = toChunks(callBody(), 1000).replace(/\r\n$/, `X-Large: ${'x'.repeat(17 * 1024)}\r\n\r\n`);
  const extension = toChunks(callBody(), 1000).replace('\r\n', `;${'e'.repeat(17 * 1024)}\r\n`);
  await expectUpstreamUntouched(http, async () => {
    expect((await send(http, { headers: CHUNKED, body: trailer })).status).toBe(431);
    expect((await send(http, { headers: CHUNKED, body: extension })).status).toBe(413);
  });
});

const bomb = gzipSync(Buffer.alloc(10 * MIB));

test('DOS-10 compressed bodies', async () => {
  const small = gzipSync(callBody());
  const encoded = (encoding: string | readonly string[], body: Buffer = small): Call => ({
    headers: { 'Content-Encoding': encoding },
    body,
  });
  const codings = [
    'gzip',
    'GZIP',
    'x-gzip',
    'deflate',
    'br',
    'zstd',
    'compress',
    'identity',
    'gzip, gzip',
    'identity, gzip',
    '',
    'gzip;q=1',
    'unheard-of',
  ];
  const mistakes: Record<string, Call> = {
    ...Object.fromEntries(codings.map((coding) => [`coding ${coding}`, encoded(coding)])),
    twice: encoded(['gzip', 'gzip'], gzipSync(small)),
    'a bomb': encoded('gzip', bomb),
    'a bomb in a bomb': encoded('gzip, gzip', gzipSync(bomb)),
    'no compression at all': encoded('gzip', Buffer.from(callBody())),
  };
  for (const site of sites) {
    await expectEachRefused(site, mistakes, 415);
    // Without the header the bytes are no JSON.
    await expectEachRefused(site, { 'not said': { body: small } }, 400, -32700);
  }
  await expectUpstreamUntouched(http, async () => {
    for (const coding of ['gzip, chunked', 'gzip', 'chunked, gzip', 'deflate, chunked']) {
      const answer = await send(http, {
        headers: { 'Content-Length': null, 'Transfer-Encoding': coding },
        body: '0\r\n\r\n',
      });
      expect({ coding, status: answer.status }).toEqual({ coding, status: 400 });
    }
  });
});

test.skipIf(!linux)('DOS-10 compressed bodies: a stream of gigabytes is not read', async () => {
  const before = residentBytes(http.gateway.pid);
  const headers = { 'Content-Encoding': 'gzip', 'Content-Length': String(10 * 1024 ** 3) };
  await expectUpstreamUntouched(http, async () => {
    const floods = Array.from({ length: 10 }, async () => {
      const held = hold(http.gateway.url);
      held.socket.write(headOf({ headers }));
      await pour(held, 1024 * MIB, () => bomb);
      await held.heard('HTTP/1.1 415');
      expect(await held.closed).toBeLessThan(10_000);
    });
    await Promise.all(floods);
  });
  expect(residentBytes(http.gateway.pid) - before).toBeLessThan(64 * MIB);
  const after = await send(http);
  expect({ status: after.status, type: headerValue(after, 'content-type') }).toEqual({
    status: 200,
    type: 'application/json',
  });
});
