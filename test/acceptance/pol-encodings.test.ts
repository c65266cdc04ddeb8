import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectEachRefused, expectEachServed, ranBy } from './answers.ts';
import {
  callBody,
  expectRefused,
  legacyCall,
  openSession,
  send,
  startEverySite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';

let http: Site;
let sites: readonly Site<Spy>[];
beforeAll(async () => {
  sites = [http] = await startEverySite({ limits: { bodyBytes: '64KiB' } });
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

type Header = string | readonly string[] | null;
const named = (values: Readonly<Record<string, Header>>, name: string, more: Call = {}): Record<string, Call> =>
  Object.fromEntries(Object.entries(values).map(([what, value]) => [what, { ...more, headers: { [name]: value } }]));
const each = (values: readonly string[]): Record<string, Header> =>
  Object.fromEntries(values.map((value) => [value, value]));

const SPELLINGS = each([
  'application/json',
  'Application/JSON',
  'APPLICATION/JSON',
  'application/json;charset=UTF-8',
  'application/json; charset=utf-8',
  'application/json;Charset="utf-8"',
  'application/json; CHARSET=Utf-8',
  'application/json ; x=1',
  'application/json;x=1;y="a b"',
  'application/json; profile="http://x.example/y;z=1"',
  'application/json\t;\tx=1',
  ' application/json ',
]);

test('POL-12 Content-Type spelling', async () => {
  for (const site of sites) {
    await expectEachServed(site, named(SPELLINGS, 'Content-Type'));
    await expectEachRefused(site, named(SPELLINGS, 'Content-Type', { tool: 'write_file' }), 403);
    await expectEachRefused(site, named(SPELLINGS, 'Content-Type', { tool: 'delete_all' }), 403);
    await expectEachRefused(site, named(SPELLINGS, 'Content-Type', { token: 'lk_garbage' }), [401, 429]);
    await expectEachRefused(site, named(SPELLINGS, 'Content-Type', { body: `[${callBody()}]` }), 400, -32600);
    const session = await openSession(site);
    const legacy = legacyCall('tools/call', { name: 'write_file', arguments: {} }, session);
    const calls = Object.keys(SPELLINGS).map((type): [string, Call] => [
      type,
      { ...legacy, headers: { ...legacy.headers, 'Content-Type': type } },
    ]);
    await expectEachRefused(site, Object.fromEntries(calls), 403);
  }
});

const OTHER_TYPES: Readonly<Record<string, Header>> = {
  absent: null,
  empty: '',
  ...each([
    'text/plain',
    'text/json',
    'text/plain; application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'multipart/form-data; boundary=application/json',
    'application/json-seq',
    'application/x-ndjson',
    'application/jsonl',
    'application/json5',
    'application/ld+json',
    'application/vnd.api+json',
    'application/json+x',
    'application/octet-stream',
    'application/cbor',
    'text/event-stream',
    'application/*',
    '*/*',
    'application',
    'application/',
    'json',
    '/json',
    'application/json/',
    'application//json',
    'application /json',
    'application/ json',
    'application/json x=1',
    'application/json,',
    'application/json, application/json',
    'application/json, text/plain',
    'text/plain, application/json',
    'application/json;',
    'application/json;;x=1',
    'application/json; x',
    'application/json; x=',
    'application/json; =1',
    'application/json; x="1',
    'application/json; x="a\\"b"',
    'application/json; x=1, text/plain',
    '"application/json"',
    'application/js\u00f6n',
    'application/json\u00a0',
    'application/json; charset=utf-16',
    'application/json; charset=UTF-16LE',
    'application/json; charset=utf-7',
    'application/json; charset=latin1',
    'application/json; charset=iso-8859-1',
    'application/json; charset="utf-16"',
    'application/json; charset="utf-8',
    'application/json; charset=utf8',
    'application/json; charset=utf-8x',
    'application/json; charset=utf-8; charset=utf-16',
    'application/json; charset=utf-16; charset=utf-8',
    "application/json; charset*=utf-8''utf-16",
    'application/json; x=1; charset=ucs-2',
    'application/json\t; \tcharset \t= utf-16',
    'application/json; charset=" utf-8"',
    'application/json; charset=',
  ]),
  'two headers, the first right': ['application/json', 'text/plain'],
  'two headers, the last right': ['text/plain', 'application/json'],
  'two headers, both right': ['application/json', 'application/json'],
};

test('POL-13 other Content-Type', async () => {
  for (const site of sites) {
    await expectEachRefused(site, named(OTHER_TYPES, 'Content-Type'), 415);
    await expectEachRefused(site, named(OTHER_TYPES, 'Content-Type', { tool: 'delete_all' }), 415);
  }
  // Nor does the right body under another framing of a form count.
  const form = `--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: application/json\r\n\r\n${callBody()}\r\n--x--`;
  await expectRefused(http, { body: form, headers: { 'Content-Type': 'multipart/form-data; boundary=x' } }, 415);
  await expectRefused(http, { body: form }, 400);
  // Who has no credential learns nothing of it.
  for (const type of ['text/plain', null])
    await expectRefused(http, { token: null, headers: { 'Content-Type': type } }, 401);
});

const ENCODINGS: Readonly<Record<string, Header>> = {
  ...each([
    'gzip',
    'br',
    'deflate',
    'zstd',
    'compress',
    'x-gzip',
    'x-compress',
    'identity',
    'identity,gzip',
    'gzip, gzip',
  ]),
  ...each([
    'GZIP',
    'Br',
    ' gzip ',
    'gzip;q=1',
    '"gzip"',
    'gzip\t',
    '*',
    'aws-chunked',
    'dcb',
    'unknown',
    ',',
    ', gzip',
  ]),
  empty: '',
  'two headers': ['identity', 'gzip'],
  'two headers, the first empty': ['', 'gzip'],
};

test('POL-16 Content-Encoding', async () => {
  for (const site of sites) await expectEachRefused(site, named(ENCODINGS, 'Content-Encoding'), 415);
  const packed = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync, zstd: zstdCompressSync };
  for (const [encoding, pack] of Object.entries(packed)) {
    for (const tool of ['echo', 'delete_all']) {
      const body = pack(Buffer.from(callBody({ tool })));
      await expectRefused(http, { tool, body, headers: { 'Content-Encoding': encoding } }, 415);
      // Without a word of it, it is no JSON.
      await expectRefused(http, { tool, body }, 400);
    }
  }
  // A server behind that would unpack is never told that something is packed under another name.
  for (const name of ['Content-Transfer-Encoding', 'X-Content-Encoding', 'Accept-Encoding', 'TE']) {
    http.spy.reset();
    expect(ranBy(await send(http, { headers: { [name]: 'gzip' } })).ran).toBe('echo');
    expect(http.spy.bytes()).not.toContain('gzip');
  }
  await expectRefused(http, { headers: { Content_Encoding: 'gzip' } }, 400);
});

test('POL-16 Content-Encoding: in Transfer-Encoding', async () => {
  const codings = [
    'gzip',
    'gzip, chunked',
    'chunked, gzip',
    'deflate, chunked',
    'identity',
    'chunked, chunked',
    'chunked, identity',
    'xchunked',
    'chunked;x=1',
    '"chunked"',
    'chunked,',
    ',chunked',
    'x, chunked',
    'br, chunked',
    'compress',
  ];
  const body = `${callBody().length.toString(16)}\r\n${callBody()}\r\n0\r\n\r\n`;
  for (const site of sites)
    for (const length of [null, String(body.length)])
      for (const coding of codings)
        await expectRefused(
          site,
          { body, headers: { 'Transfer-Encoding': coding, 'Content-Length': length } },
          [400, 501],
        );
  for (const twice of [
    ['chunked', 'gzip'],
    ['gzip', 'chunked'],
    ['chunked', 'chunked'],
  ])
    await expectRefused(http, { body, headers: { 'Transfer-Encoding': twice, 'Content-Length': null } }, 400);
});

const LIMIT = 64 * 1024;
/** What denies the call stands at the end, after so many bytes. */
const padded = (size: number, tool: string): string => {
  const tail = callBody({ tool }).slice(1);
  const head = '{"padding":"';
  return `${head}${'x'.repeat(size - head.length - 2 - tail.length)}",${tail}`;
};

function chunk(body: string, size: number): string {
  const parts: string[] = [];
  for (let at = 0; at < body.length; at += size) {
    const part = body.slice(at, at + size);
    parts.push(`${part.length.toString(16)}\r\n${part}\r\n`);
  }
  return `${parts.join('')}0\r\n\r\n`;
}

const CHUNKED = { 'Transfer-Encoding': 'chunked', 'Content-Length': null };

test('POL-23 oversize never half-judged', async () => {
  for (const site of sites) {
    const over: Record<string, Call> = {};
    for (const tool of ['delete_all', 'echo']) {
      for (const size of [LIMIT + 1, LIMIT * 4]) {
        over[`${tool}, ${size} bytes`] = { tool, body: padded(size, tool) };
        for (const part of [1000, LIMIT])
          over[`${tool}, ${size} bytes in parts of ${part}`] = {
            tool,
            body: chunk(padded(size, tool), part),
            headers: CHUNKED,
          };
      }
      // What is allowed stands within the limit, what is denied beyond it.
      const twice = `${callBody({ tool: 'echo' }).slice(0, -1)},${padded(LIMIT * 2, tool).slice(1)}`;
      over[`${tool} beyond what was read`] = { body: twice };
      over[`${tool} beyond what was read, in parts`] = { body: chunk(twice, 4096), headers: CHUNKED };
      over[`${tool} after white space`] = {
        body: `${callBody({ tool: 'echo' })}${' '.repeat(LIMIT)}${callBody({ tool })}`,
      };
    }
    await expectEachRefused(site, over, 413);
    const within = { text: 'x'.repeat(LIMIT - 1000) };
    const exact = padded(LIMIT, 'delete_all');
    expect(exact).toHaveLength(LIMIT);
    await expectEachRefused(site, { 'at the limit': { tool: 'delete_all', body: exact } }, 403);
    await expectEachRefused(
      site,
      { 'at the limit, in parts': { tool: 'delete_all', body: chunk(exact, 999), headers: CHUNKED } },
      403,
    );
    expect(ranBy(await send(site, { args: within })).args).toEqual(within);
    expect(ranBy(await send(site, { body: chunk(callBody({ args: within }), 777), headers: CHUNKED })).args).toEqual(
      within,
    );
  }
});

test('POL-23 oversize never half-judged: a length that is announced is enough to refuse', async () => {
  for (const length of [LIMIT + 1, 2 ** 31, 2 ** 53, 999_999_999_999_999])
    await expectRefused(http, { body: callBody(), headers: { 'Content-Length': String(length) } }, [400, 413]);
  for (const length of ['1e9', '0x10000', '+5', '-1', '99999999999999999999', '5, 5', ' ', '5 5'])
    await expectRefused(http, { body: callBody(), headers: { 'Content-Length': length } }, [400, 413]);
});
