import { afterAll, beforeAll, expect, test } from 'vitest';
import { json } from '../fixtures/raw-http.ts';
import { ranBy } from './answers.ts';
import {
  callBody,
  expectRefused,
  expectUpstreamUntouched,
  send,
  startEverySite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';

// Bodies may be large here, so that depth alone is what is refused.
const LARGE = { limits: { bodyBytes: '16MiB' } };
let sites: readonly Site<Spy>[];
let site: Site<Spy>;
beforeAll(async () => {
  sites = await startEverySite(LARGE);
  [site] = sites as [Site<Spy>];
});
afterAll(() => Promise.all(sites.map((each) => each.close())));

const BODY = callBody();
const MOST = 64;
const SOON_MS = 10_000;
const arrays = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const mixed = (depth: number): string => `${'[{"a":'.repeat(depth >> 1)}1${'}]'.repeat(depth >> 1)}`;

/** Bodies with this text in every place where a value can be. */
function withEverywhere(nested: string): Record<string, string> {
  return {
    'the body': nested,
    'the id': BODY.replace('"id":1', () => `"id":${nested}`),
    'the method': BODY.replace('"tools/call"', () => nested),
    'the version': BODY.replace('"2.0"', () => nested),
    'the parameters': BODY.replace(/"params":.*/s, () => `"params":${nested}}`),
    'the name': BODY.replace('"echo"', () => nested),
    'the arguments': BODY.replace('{"text":"hi"}', () => nested),
    'an argument': BODY.replace('"hi"', () => nested),
    _meta: BODY.replace(/"_meta":.*/s, () => `"_meta":${nested}}}`),
    'a member of _meta': BODY.replace('"_meta":{', () => `"_meta":{"deep":${nested},`),
    'the capabilities': BODY.replace('Capabilities":{}', () => `Capabilities":${nested}`),
    'an unknown member': BODY.replace('{"jsonrpc"', () => `{"deep":${nested},"jsonrpc"`),
  };
}

test('DOS-07 deep nesting', async () => {
  for (const depth of [1000, 5000, 100_000]) {
    const places = { ...withEverywhere(arrays(depth)), ...prefixed('objects in ', withEverywhere(objects(depth))) };
    await expectEachRefusedSoon(site, places);
  }
  const million = [arrays, objects, mixed].map((make) => make(1_000_000));
  const unclosed = ['['.repeat(1_000_000), '{"a":'.repeat(1_000_000), '[{"a":'.repeat(500_000)];
  const inArguments = million.map((nested) => withEverywhere(nested)['an argument'] as string);
  const inOthers = ['_meta', 'the id'].map((place) => withEverywhere(million[0] as string)[place] as string);
  const all = [...million, ...unclosed, ...inArguments, ...inOthers];
  await expectEachRefusedSoon(site, Object.fromEntries(all.map((body, at) => [`a million levels ${at}`, body])));
  for (const each of sites.slice(1)) {
    await expectEachRefusedSoon(each, withEverywhere(arrays(5000)));
    await expectEachRefusedSoon(each, { arrays: million[0] as string, objects: million[1] as string });
  }
  for (const each of sites) {
    expect(ranBy(await send(each)).ran).toBe('echo');
    expect(process.kill(each.gateway.pid, 0)).toBe(true);
    expect(each.gateway.talk()).not.toMatch(/RangeError|call stack|heap/i);
  }
});

test('DOS-07 deep nesting: as deep as may be, and a level more', async () => {
  // The body, the parameters and the arguments are three levels.
  for (const each of sites)
    for (const make of [arrays, objects, mixed]) {
      each.spy.reset();
      const args = JSON.parse(`{"text":${make(MOST - 4)}}`) as object;
      const answer = await send(each, { args });
      expect(answer.status).toBe(200);
      expect(ranBy(answer).args).toEqual(args);
      await expectRefused(each, { body: BODY.replace('"hi"', () => make(MOST - 2)) }, 400);
    }
});

test('DOS-07 deep nesting: without a credential nothing is read', async () => {
  for (const each of sites) {
    const answer = await expectRefused(each, { body: arrays(100_000), token: null }, 401);
    expect(json(answer).error?.code).toBe(401);
  }
});

// What costs a parser most for each byte: keys that are many, alike, escaped, not ASCII, or long.
const WIDE: Record<string, string> = {
  'many keys': list(80_000, (at) => `"key${at}":0`),
  'many keys with escapes': list(60_000, (at) => `"\\u006bey${at}":0`),
  'many keys that are not ASCII': list(60_000, (at) => `"ключ${at}":0`),
  'many keys that differ by case': list(16, (at) => `"${'a'.repeat(30_000 + (at >> 1))}${at % 2 === 0 ? 'x' : 'X'}":0`),
  'many small objects': list(20_000, (at) => `"o${at}":{"a":{},"b":[[]],"c":{"d":0}}`),
  'objects with many keys each': list(
    3000,
    (at) => `"o${at}":{${Array.from({ length: 20 }, (_, key) => `"k${key}":0`).join()}}`,
  ),
};

function list(count: number, member: (at: number) => string): string {
  return `{${Array.from({ length: count }, (_, at) => member(at)).join()}}`;
}

test('DOS-07 deep nesting: wide bodies are read soon as well', async () => {
  for (const [what, args] of Object.entries(WIDE)) {
    // Refused for its tool, after it was read and judged to the end.
    const hostile: Call = {
      body: callBody({ tool: 'delete_all' }).replace('{"text":"hi"}', () => args),
      headers: { 'Mcp-Name': 'delete_all' },
    };
    await expectUpstreamUntouched(site, async () => {
      const started = performance.now();
      const answers = await Promise.all([1, 2, 3, 4].map(() => send(site, hostile)));
      expect({ what, statuses: answers.map(({ status }) => status) }).toEqual({ what, statuses: [403, 403, 403, 403] });
      expect({ what, soon: performance.now() - started < SOON_MS }).toEqual({ what, soon: true });
    });
  }
  expect(ranBy(await send(site)).ran).toBe('echo');
});

function prefixed(prefix: string, texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([place, body]) => [prefix + place, body]));
}

/** Each body is refused as a message, within seconds, and none reaches the spy. */
async function expectEachRefusedSoon(each: Site<Spy>, texts: Record<string, string>): Promise<void> {
  await expectUpstreamUntouched(each, async () => {
    for (const [place, body] of Object.entries(texts)) {
      const started = performance.now();
      const answer = await send(each, { body });
      const soon = performance.now() - started < SOON_MS;
      expect({ place, status: answer.status, code: json(answer).error?.code, soon }).toEqual({
        place,
        status: 400,
        code: -32600,
        soon: true,
      });
    }
  });
}
