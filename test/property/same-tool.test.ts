import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JSON_READERS } from '../fixtures/json-readers.ts';
import { sendBytes, startPropertySite, TOKEN, type PropertySite } from './site.ts';

const CASES = 2500;
let site: PropertySite;
beforeAll(async () => {
  site = await startPropertySite();
});
afterAll(() => site.close());

/** Every spelling of a key that some reader takes for the plain one. */
const spelling = (key: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 40, arbitrary: fc.constant(JSON.stringify(key)) },
    fc.constant(JSON.stringify(key.toUpperCase())),
    fc.constant(JSON.stringify(key[0]?.toUpperCase() + key.slice(1))),
    fc.constant(JSON.stringify(key.replace('s', '\u017f').replace('k', '\u212a'))),
    fc
      .nat(key.length - 1)
      .map(
        (at) =>
          `"${key.slice(0, at)}\\u${(key.codePointAt(at) ?? 0).toString(16).padStart(4, '0')}${key.slice(at + 1)}"`,
      ),
    fc
      .nat(key.length - 1)
      .map((at) => JSON.stringify(key.slice(0, at) + (key[at] ?? '').toUpperCase() + key.slice(at + 1))),
    fc.constant(JSON.stringify(`${key} `)),
    fc.constant(JSON.stringify(`${key}\u200b`)),
  );
const tool = fc.constantFrom(
  '"echo"',
  '"echo"',
  '"echo"',
  '"echo"',
  '"delete_all"',
  '"query"',
  '"Echo"',
  '"\\u0065cho"',
  '"echo\\u0000"',
  'null',
  '1',
  '{"name":"echo"}',
);
const member = (key: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(spelling(key), value).map(([name, text]) => `${name}:${text}`);
const junk = fc
  .tuple(fc.string({ maxLength: 5 }), fc.json({ maxDepth: 2 }))
  .map(([key, value]) => `${JSON.stringify(key)}:${value}`);
const space = fc.constantFrom('', ' ', '\n', '\t ', '\r\n');

const object = (members: fc.Arbitrary<string>[], extra: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.tuple(...members), fc.array(extra, { maxLength: 2 }), space)
    .chain(([needed, more, gap]) =>
      fc
        .shuffledSubarray([...needed, ...more], { minLength: needed.length + more.length })
        .map((all) => `{${gap}${all.join(`,${gap}`)}${gap}}`),
    );

const args = fc.oneof(fc.constant('{}'), fc.json({ maxDepth: 2 }), object([], member('name', tool)));
const params = object(
  [member('name', tool), member('arguments', args)],
  fc.oneof({ weight: 9, arbitrary: junk }, member('name', tool)),
);
const document = object(
  [
    fc.constant('"jsonrpc":"2.0"'),
    fc.constantFrom('"id":1', '"id":"a"'),
    member('method', fc.constantFrom('"tools/call"', '"tools/call"', '"tools/list"', '"Tools/Call"')),
    member('params', params),
  ],
  fc.oneof(junk, member('params', params), member('method', fc.constant('"tools/call"'))),
);

interface Read {
  readonly method?: unknown;
  readonly params?: { readonly name?: unknown };
}

test(`the tool that was judged is the tool that each reader runs (${CASES} cases)`, async () => {
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(document, async (text) => {
      site.spy.reset();
      const before = site.trail.length;
      await sendBytes(site.port, toRequest(text));
      const [forwarded] = site.spy.requests;
      if (forwarded === undefined) return;
      passed += 1;
      // What was judged is what is sent, byte for byte.
      expect(forwarded.body).toBe(text);
      const entry = site.trail[before];
      for (const [name, read] of Object.entries(JSON_READERS)) {
        const message = read(forwarded.body) as Read;
        const called = entry?.method === 'tools/call' ? message.params?.name : null;
        expect({ name, method: message.method, called }).toEqual({
          name,
          method: entry?.method,
          called: called === null ? null : entry?.target,
        });
        expect(['echo', 'query', null]).toContain(called);
      }
    }),
    { numRuns: CASES },
  );
  expect(passed).toBeGreaterThan(CASES / 50);
}, 300_000);

// 2025-03-26 without headers: nothing but the body says what is meant.
function toRequest(text: string): Buffer {
  const body = Buffer.from(text);
  return Buffer.concat([
    Buffer.from(
      `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
    ),
    body,
  ]);
}
