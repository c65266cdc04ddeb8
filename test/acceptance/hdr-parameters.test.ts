import { afterAll, beforeAll, expect, test } from 'vitest';
import { json } from '../fixtures/raw-http.ts';
import { expectEachRefused, expectEachServed, ranBy } from './answers.ts';
import { callBody, modernCall, send, startEverySite, type Call, type Site, type Spy } from './harness.ts';

let http: Site;
let sites: readonly Site<Spy>[];
beforeAll(async () => {
  sites = [http] = await startEverySite();
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

type Header = string | readonly string[] | null;
/** A call of the tool whose parameter `region` is mirrored into `Mcp-Param-Region`. */
const query = (header: Header, args: object, name = 'Mcp-Param-Region'): Call => ({
  tool: 'query',
  args,
  headers: { [name]: header },
});
const limit = (header: Header, value: unknown): Call => query(header, { nested: { limit: value } }, 'Mcp-Param-Limit');
const dry = (header: Header, value: unknown): Call => query(header, { dryRun: value }, 'Mcp-Param-Dry-Run');
const toBase64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;

test('HDR-23 Mcp-Param mismatch', async () => {
  for (const site of sites) {
    // The very first call, when the gateway has not seen the tool's schema yet.
    const cold = await send(site, query('eu', { region: 'us' }));
    expect([cold.status, json(cold).error?.code]).toEqual([400, -32020]);
    expect(site.spy.bytes()).not.toContain('tools/call');
    await expectEachServed(site, {
      'the same': query('us', { region: 'us' }),
      'the same, encoded': query(toBase64('us'), { region: 'us' }),
      'the same, beyond ASCII': query(toBase64('österreich'), { region: 'österreich' }),
      'the same, under a name in another case': query('us', { region: 'us' }, 'MCP-PARAM-REGION'),
      'in neither': query(null, {}),
      'null in the body': query(null, { region: null }),
    });
    await expectEachRefused(
      site,
      {
        another: query('eu', { region: 'us' }),
        'another, encoded': query(toBase64('eu'), { region: 'us' }),
        'another case': query('US', { region: 'us' }),
        'two headers, the first right': query(['us', 'eu'], { region: 'us' }),
        'two headers, the last right': query(['eu', 'us'], { region: 'us' }),
        'two headers, both right': query(['us', 'us'], { region: 'us' }),
        'bad base64': query('=?base64?dXM?=', { region: 'us' }),
        'raw bytes beyond ASCII': query('\u00f6sterreich', { region: 'österreich' }),
        'not in the body': query('us', {}),
        'null in the body': query('us', { region: null }),
        'a number in the body': query('us', { region: 1 }),
        'a list in the body': query('us', { region: ['us'] }),
        'an object in the body': query('us', { region: { region: 'us' } }),
        'under another case in the body': query('us', { Region: 'us' }),
      },
      400,
      -32020,
    );
  }
});

test('HDR-23 Mcp-Param mismatch: numbers and booleans', async () => {
  const exact = limit('9007199254740993', 0);
  const body = callBody(exact).replace('"limit":0', '"limit":9007199254740992');
  for (const site of sites) {
    await expectEachServed(site, {
      integer: limit('42', 42),
      'integer, written otherwise': limit('42.0', 42),
      negative: limit('-1', -1),
      boolean: dry('true', true),
      'not true': dry('false', false),
    });
    await expectEachRefused(
      site,
      {
        'another number': limit('43', 42),
        hexadecimal: limit('0x2a', 42),
        'with a sign': limit('+42', 42),
        'no number': limit('', 0),
        'a text in the body': limit('42', '042'),
        'the same only as a double': { ...exact, body },
        omitted: limit(null, 0),
        'another boolean': dry('true', false),
        'another spelling': dry('True', true),
        'a number for a boolean': dry('1', true),
        'boolean omitted': dry(null, false),
      },
      400,
      -32020,
    );
  }
});

test('HDR-24 Mcp-Param omitted', async () => {
  for (const site of sites) {
    await expectEachRefused(
      site,
      {
        absent: query(null, { region: 'us' }),
        empty: query('', { region: 'us' }),
        'under a name that only looks like it': query('us', { region: 'us' }, 'Mcp-Param-Regions'),
      },
      400,
      -32020,
    );
  }
});

test('HDR-29 unrecognised Mcp-Param forwarded', async () => {
  const received = (): readonly string[] => {
    const raw = http.spy.requests.at(-1)?.rawHeaders ?? [];
    return raw.filter((_value, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === 'mcp-param-foo');
  };
  for (const value of ['bar', 'a, b; c="d"', toBase64('ö'), '=?base64?not base64?=']) {
    const headers = { 'Mcp-Param-Foo': value };
    await expectEachServed(http, { call: { headers } });
    expect(received()).toEqual([value]);
    const list = modernCall('tools/list');
    await expectEachServed(http, { list: { ...list, headers: { ...list.headers, ...headers } } });
    expect(received()).toEqual([value]);
  }
  await expectEachServed(http, { twice: { headers: { 'Mcp-Param-Foo': ['1', '2'] } } });
  expect(received()).toEqual(['1', '2']);
  const known = query('us', { region: 'us' });
  await expectEachServed(http, { known: { ...known, headers: { ...known.headers, 'Mcp-Param-Foo': 'bar' } } });
  expect(received()).toEqual(['bar']);
  for (const site of sites) {
    const answer = await send(site, { headers: { 'Mcp-Param-Foo': 'bar' }, args: { text: 'hi' } });
    expect(ranBy(answer)).toEqual({ ran: 'echo', args: { text: 'hi' } });
  }
});
