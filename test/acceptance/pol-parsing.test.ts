import { afterAll, beforeAll, expect, test } from 'vitest';
import { JSON_READERS } from '../fixtures/json-readers.ts';
import { json } from '../fixtures/raw-http.ts';
import { expectEachRefused } from './answers.ts';
import {
  ALLOWED,
  behind,
  beside,
  bodies,
  DENIED,
  legacyBodies,
  trailOf,
  withArgs,
  withName,
  type Text,
} from './bodies.ts';
import {
  expectUpstreamUntouched,
  META,
  modernCall,
  send,
  startEverySite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';
import { variantsOf } from './key-variants.ts';

let sites: readonly Site<Spy>[];
let site: Site<Spy>;
beforeAll(async () => {
  sites = await startEverySite();
  [site] = sites as [Site<Spy>];
});
afterAll(() => Promise.all(sites.map((each) => each.close())));

const batch = (...entries: readonly string[]): string => `[${entries.join()}]`;
const BATCHES = [
  batch(DENIED),
  batch(ALLOWED),
  batch(ALLOWED, DENIED),
  batch(DENIED, ALLOWED),
  batch(ALLOWED, ALLOWED),
  batch(batch(ALLOWED)),
  batch('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}'),
  batch('{"jsonrpc":"2.0","id":1,"result":{}}'),
  batch(),
  batch('null'),
  batch('1', ALLOWED),
  ` \t\r\n${batch(DENIED)}`,
  `${batch(ALLOWED)}\n`,
  `[ ${ALLOWED} , ]`,
  `[${ALLOWED}`,
];

test('POL-04 batch of one', async () => {
  for (const each of sites) {
    await expectEachRefused(each, bodies(BATCHES), 400, -32600);
    await expectEachRefused(each, bodies(BATCHES, 'delete_all'), 400, -32600);
    // Revisions that knew batches are no exception.
    await expectEachRefused(each, await legacyBodies(each, BATCHES), 400, -32600);
    const entries = await trailOf(each, BATCHES.length);
    for (const entry of entries)
      expect(entry).toMatchObject({ decision: 'deny', reason: 'message-invalid', status: 400, target: null });
  }
  // What only looks like one: an object with numbers for keys, or one in the parameters.
  await expectEachRefused(site, bodies([`{"0":${ALLOWED},"length":1}`, `{"jsonrpc":"2.0","batch":[${ALLOWED}]}`]), 400);
  const inParams = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: [{ name: 'echo' }] });
  await expectEachRefused(site, bodies([inParams]), 400, -32600);
});

const read = modernCall('resources/read', { uri: 'file:///data/a' });
const prompt = modernCall('prompts/get', { name: 'greet', arguments: { a: '1' } });
const complete = modernCall('completion/complete', {
  ref: { type: 'ref/prompt', name: 'greet' },
  argument: { name: 'a', value: 'b' },
});
const listen = modernCall('subscriptions/listen', { notifications: { resourceSubscriptions: ['file:///data/a'] } });
const textOf = (call: Call): string => String(call.body);

test('POL-06 duplicate keys', async () => {
  const pairs = [
    ['"method":"tools/call"', '"method":"tools/list"'],
    ['"method":"tools/call"', '"method":"tools/call"'],
    ['"id":1', '"id":2'],
    ['"id":1', '"id":1'],
    ['"jsonrpc":"2.0"', '"jsonrpc":"2.0"'],
    ['"jsonrpc":"2.0"', '"params":{"name":"delete_all","arguments":{}}'],
    ['"jsonrpc":"2.0"', '"params":null'],
    ['"name":"echo"', '"name":"delete_all"'],
    ['"name":"echo"', '"name":"echo"'],
    ['"name":"echo"', '"name":null'],
    ['"name":"echo"', '"\\u006eame":"delete_all"'],
    ['"name":"echo"', '"arguments":{"text":"other"}'],
    ['"name":"echo"', '"_meta":{}'],
    ['"text":"hi"', '"text":"other"'],
    ['"text":"hi"', '"te\\u0078t":"other"'],
    ['"text":"hi"', '"deep":[[{"a":1,"b":{"c":1,"c":2}}]]'],
    ['"text":"hi"', '"":1,"":2'],
    ['"text":"hi"', '"é":1,"\\u00e9":2'],
    ['"text":"hi"', '"__proto__":1,"__proto__":2'],
    [
      '"io.modelcontextprotocol/protocolVersion":"2026-07-28"',
      '"io.modelcontextprotocol/protocolVersion":"2025-11-25"',
    ],
    ['"io.modelcontextprotocol/clientCapabilities":{}', '"io.modelcontextprotocol\\/clientCapabilities":{"roots":{}}'],
    ['"io.modelcontextprotocol/clientCapabilities":{}', '"other":{"x":1,"x":1}'],
  ] as const;
  const many = Array.from({ length: 300 }, (_, index) => `"k${index}":${index}`);
  const texts = pairs.flatMap(([member, added]) => [beside(ALLOWED, member, added), behind(ALLOWED, member, added)]);
  texts.push(
    behind(ALLOWED, '"text":"hi"', [...many, '"k7":0'].join()),
    beside(ALLOWED, '"text":"hi"', ['"text":0', ...many].join()),
  );
  // However far apart, and however much white space and nesting stands between.
  texts.push(ALLOWED.replace(/}$/, `,${' '.repeat(5000)}"method":"tools/call"}`));
  const others: Record<string, Call> = {
    'a resource': { ...read, body: behind(textOf(read), '"uri":"file:///data/a"', '"uri":"file:///etc/passwd"') },
    'a resource, first': {
      ...read,
      body: beside(textOf(read), '"uri":"file:///data/a"', '"uri":"file:///etc/passwd"'),
    },
    'a prompt': { ...prompt, body: behind(textOf(prompt), '"name":"greet"', '"name":"betray"') },
    'a reference': { ...complete, body: behind(textOf(complete), '"name":"greet"', '"name":"betray"') },
    'a type of reference': {
      ...complete,
      body: behind(textOf(complete), '"type":"ref/prompt"', '"type":"ref/resource"'),
    },
    'a subscription': {
      ...listen,
      body: textOf(listen).replace('{"resourceS', '{"resourceSubscriptions":[],"resourceS'),
    },
    'a filter': { ...listen, body: textOf(listen).replace('"notifications":', '"notifications":{},"notifications":') },
  };
  for (const each of sites) {
    await expectEachRefused(each, { ...bodies(texts), ...others }, 400, -32600);
    await expectEachRefused(each, bodies(texts.slice(0, 8), 'delete_all'), 400, -32600);
    const session = await legacyBodies(each, texts);
    await expectEachRefused(each, session, 400, -32600);
    for (const entry of await trailOf(each, texts.length))
      expect(entry).toMatchObject({ decision: 'deny', reason: 'message-invalid' });
  }
  const notice = '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"requestId":2}}';
  const response = '{"jsonrpc":"2.0","id":1,"result":{"content":[{"a":1,"a":2}]}}';
  await expectEachRefused(site, await legacyBodies(site, [notice, response]), 400, -32600);
});

/** The call with each variant of a key before and after a member. */
function withVariants(member: string, key: string, value: string): string[] {
  return variantsOf(key).flatMap((variant) => [
    beside(ALLOWED, member, `"${variant}":${value}`),
    behind(ALLOWED, member, `"${variant}":${value}`),
  ]);
}

test('POL-09 case-variant keys', async () => {
  const named = [
    ...withVariants('"name":"echo"', 'name', '"delete_all"'),
    ...variantsOf('name').map((variant) => ALLOWED.replace('"name":"echo"', () => `"${variant}":"echo"`)),
    ...withVariants('"method":"tools/call"', 'method', '"tools/list"'),
    ...withVariants('"jsonrpc":"2.0"', 'params', '{"name":"delete_all"}'),
  ];
  const ids = [...withVariants('"id":1', 'id', '2'), ...withVariants('"jsonrpc":"2.0"', 'jsonrpc', '"2.0"')];
  const inParams = [
    'arguments',
    '_meta',
    'uri',
    'ref',
    'requestId',
    'taskId',
    'task',
    'requestState',
    'inputResponses',
  ];
  const others = inParams.flatMap((key) =>
    variantsOf(key).map((each) => behind(ALLOWED, '"name":"echo"', `"${each}":{}`)),
  );
  const inMeta = ['progressToken', ...Object.keys(META)].flatMap((key) =>
    variantsOf(key).map((each) => ALLOWED.replace('"_meta":{', () => `"_meta":{"${each}":"2025-11-25",`)),
  );
  const some = [...others, ...inMeta].filter((_, index) => index % 3 === 0);
  await expectEachRefused(site, bodies([...named, ...ids, ...some]), 400, -32600);
  const few = named.filter((_, index) => index % 7 === 0);
  await expectEachRefused(site, bodies(few, 'delete_all'), 400, -32600);
  for (const each of sites.slice(1)) await expectEachRefused(each, bodies(few), 400, -32600);
  for (const each of sites) await expectEachRefused(each, await legacyBodies(each, few), 400, -32600);
  const uris = variantsOf('uri').map((each) =>
    behind(textOf(read), '"uri":"file:///data/a"', `"${each}":"file:///etc/passwd"`),
  );
  const reads = uris.map((body): [string, Call] => [body, { ...read, body }]);
  await expectEachRefused(site, Object.fromEntries(reads), 400, -32600);
  const names = variantsOf('name').map((each) => behind(textOf(complete), '"name":"greet"', `"${each}":"betray"`));
  const completions = names.map((body): [string, Call] => [body, { ...complete, body }]);
  await expectEachRefused(site, Object.fromEntries(completions), 400, -32600);
});

test('POL-09 case-variant keys: in arguments that headers mirror', async () => {
  const query = (args: string): Call => ({
    body: withArgs(args).replace('"echo"', '"query"'),
    headers: { 'Mcp-Name': 'query', 'Mcp-Param-Region': 'eu' },
  });
  const ambiguous = ['"Region":"us"', '"re_gion":"us"', '"REGION":"eu"'].flatMap((member): [string, Call][] => [
    [`${member} behind`, query(`{"region":"eu",${member}}`)],
    [`${member} in front`, query(`{${member},"region":"eu"}`)],
  ]);
  expect((await send(site, query('{"region":"eu"}'))).status).toBe(200);
  await expectEachRefused(site, Object.fromEntries(ambiguous), 400, -32020);
});

// Odd, but the same to every program: this passes as it is.
const SOUND = [
  ALLOWED,
  JSON.stringify(JSON.parse(ALLOWED), null, 2),
  `\t\r\n ${ALLOWED}\r\n`,
  ALLOWED.replace('"tools/call"', '"tools\\/call"'),
  ALLOWED.replace('"tools/call"', '"\\u0074ools/call"'),
  ALLOWED.replaceAll('io.modelcontextprotocol/', 'io.modelcontextprotocol\\/'),
  ALLOWED.replace('"jsonrpc":"2.0",', '').replace(/}$/, ',"jsonrpc":"2.0"}'),
  ALLOWED.replace('"id":1', '"id":9007199254740993'),
  ALLOWED.replace('"id":1', '"id":"\\u0061\\"\\\\é"'),
  withName('"\\u0065cho"'),
  withArgs('{}'),
  withArgs('{"Name":"delete_all","name":"delete_all","method":"x","\\u006eame2":1}'),
  withArgs('{"name":{"name":"delete_all"},"params":{"name":"delete_all"},"jsonrpc":"1.0"}'),
  withArgs('{"text":"{\\"name\\":\\"delete_all\\"}","n":1e400,"m":-0,"k":9007199254740993,"e":1.0E+2}'),
  withArgs('{"text":"\\u0000\\ud800\\u2028","😀":"\\ud83d\\ude00","é":"e\u0301"}'),
  withArgs('{"text":"</script>\\u007f\u007f\u00a0"}'),
  withArgs('{"file_path":1,"filePath":2,"FILEPATH":3}'),
  withArgs(`${'{"a":['.repeat(30)}${']}'.repeat(30)}`),
  withArgs(`{"text":"${'x'.repeat(200_000)}"}`),
];
// What two programs could read in two ways, whether it gets through or not.
const AMBIGUOUS = [
  behind(ALLOWED, '"name":"echo"', '"name":"delete_all"'),
  beside(ALLOWED, '"name":"echo"', '"name":"delete_all"'),
  ...variantsOf('name').map((key) => behind(ALLOWED, '"name":"echo"', `"${key}":"delete_all"`)),
  ...variantsOf('params').map((key) => behind(ALLOWED, '"jsonrpc":"2.0"', `"${key}":{"name":"delete_all"}`)),
  ...variantsOf('method').map((key) => behind(ALLOWED, '"jsonrpc":"2.0"', `"${key}":"tools/list"`)),
  ...['"echo\\u0000"', '"echo\\u0000delete_all"', '"echo\\ud800"', '"Echo"', '"echo "', '"ec\u200bho"', '["echo"]'].map(
    withName,
  ),
  `${ALLOWED}${DENIED}`,
  `${ALLOWED}\n${DENIED}`,
  batch(ALLOWED, DENIED),
];

interface Read {
  readonly method?: unknown;
  readonly params?: { readonly name?: unknown };
}

test('POL-11 what was judged is what is sent', async () => {
  for (const each of sites) {
    for (const body of SOUND) {
      each.spy.reset();
      expect({ body, status: (await send(each, { body })).status }).toEqual({ body, status: 200 });
      const [forwarded, ...others] = each.spy.requests.filter((request) => !request.body.includes('"name":"latchkey"'));
      expect(others).toEqual([]);
      // Over HTTP not a byte differs; a line for a stdio server has an id and _meta of its own, and no line ends.
      expect(each !== site || forwarded?.body === body).toBe(true);
      expectOneReading(forwarded?.body ?? '', body);
    }
    await expectUpstreamUntouched(each, async () => {
      for (const body of AMBIGUOUS) expect((await send(each, { body })).status).not.toBe(200);
    });
    const entries = await trailOf(each, SOUND.length + AMBIGUOUS.length);
    expect(entries.map(({ decision, target }) => (decision === 'allow' ? target : null))).toEqual([
      ...SOUND.map(() => 'echo'),
      ...AMBIGUOUS.map(() => null),
    ]);
  }
});

/** Every reader finds the tool that the trail names, and each the arguments that it would have found in what was sent. */
function expectOneReading(forwarded: string, body: string): void {
  for (const [reader, readWith] of Object.entries(JSON_READERS)) {
    const message = readWith(forwarded) as Read;
    const found = { method: message.method, name: message.params?.name, args: argsOf(message) };
    const args = argsOf(readWith(body) as Read);
    expect({ body, reader, ...found }).toEqual({ body, reader, method: 'tools/call', name: 'echo', args });
  }
}

function argsOf(message: Read): unknown {
  return (message.params as Record<string, unknown> | undefined)?.['arguments'];
}

const utf16 = Buffer.from(ALLOWED, 'utf16le');
const utf32 = Buffer.concat([...ALLOWED].map((letter) => Buffer.from([letter.charCodeAt(0), 0, 0, 0])));
/** The call with these bytes inside its text. */
const withBytes = (...bytes: readonly number[]): Buffer =>
  Buffer.from(withArgs('{"text":"@"}').replace('@', String.fromCharCode(...bytes)), 'latin1');

// Where JSON allows white space but not these.
const BETWEEN = [
  '// c\n',
  '/* c */',
  '# c\n',
  '-- c\n',
  '<!-- c -->',
  ';',
  ',',
  '\u000b',
  '\f',
  '\u00a0',
  '\u2028',
  '\u2029',
  '\u0085',

  '\ufeff',
  '\u200b',
  '\u3000',
  '\0',
  '\u001e',
  '\u001a',
  '\\n',
  '.',
  '=',
  ':',
  'x',
  '0',
  '""',
  'null',
  '\b',
  '\u007f',
  '\u180e',
];
const NO_VALUES = [
  'NaN',
  'Infinity',
  '-Infinity',
  '-NaN',
  'undefined',
  'nil',
  'None',
  'True',
  'FALSE',
  'NULL',
  'nul',
  'truee',
  'yes',

  '+1',
  '.5',
  '5.',
  '-.5',
  '01',
  '-01',
  '00',
  '0x1F',
  '0b1',
  '0o7',
  '1_000',
  '1e',
  '1e+',
  '1.e5',
  '1,5',
  '--1',
  '- 1',
  '1n',
  '1f',

  "'x'",
  '`x`',
  'x',
  '"x',
  'x"',
  '"x\\"',
  '"\\x41"',
  '"\\101"',
  '"\\0"',
  '"\\\'"',
  '"\\u41"',
  '"\\u{41}"',
  '"\\U00000041"',
  '"\\e"',

  '"a\nb"',
  '"a\rb"',
  '"a\tb"',
  '"a\0b"',
  '"a\u001fb"',
  '"a\\\nb"',
  '"a" "b"',
  '"a"+"b"',
  '{a:1}',
  "{'a':1}",
  '{1:1}',
  '{null:1}',

  '{"a"}',
  '{"a":}',
  '{:1}',
  '{,}',
  '{"a":1,}',
  '{"a":1,,"b":2}',
  '{"a":1 "b":2}',
  '{"a"=1}',
  '{"a":1;"b":2}',
  '{"a":1',
  '{"a":1]',

  '[1,]',
  '[,1]',
  '[1,,2]',
  '[1 2]',
  '[1',
  '[1}',
  '[1;2]',
  '(1)',
  '<1>',
  '{...a}',
  '[...a]',
  'Date(1)',
  'new Date(1)',
  '/a/',
  '@a',
  '$a',
];

test('POL-32 lenient JSON refused', async () => {
  const values = NO_VALUES.map((value) => withArgs(`{"text":${value}}`));
  const places = ['{"jsonrpc"', ':"2.0"', ',"method"', ',"arguments"', '}}}'];
  const between = BETWEEN.flatMap((text) =>
    places.map((place) => ALLOWED.replace(place, () => `${place.slice(0, 1)}${text}${place.slice(1)}`)),
  );
  const around = BETWEEN.flatMap((text) => [`${text}${ALLOWED}`, `${ALLOWED}${text}`]);
  const two = ['', ' ', '\n', '\r\n', ',', '\u001e', '\0'].flatMap((gap) => [
    `${ALLOWED}${gap}${ALLOWED}`,
    `${ALLOWED}${gap}${DENIED}`,
    `${DENIED}${gap}${ALLOWED}`,
  ]);
  const wrapped = [
    `callback(${ALLOWED})`,
    `)]}',\n${ALLOWED}`,
    `for(;;);${ALLOWED}`,
    `(${ALLOWED})`,
    `data: ${ALLOWED}\n\n`,
    `\`\`\`json\n${ALLOWED}\n\`\`\``,
  ];
  const cut = [1, 2, 7, ALLOWED.length >> 1, ALLOWED.length - 2, ALLOWED.length - 1].map((length) =>
    ALLOWED.slice(0, length),
  );
  const more = [
    `${ALLOWED}}`,
    `${ALLOWED}]`,
    `${ALLOWED}{`,
    `${ALLOWED}[]`,
    `${ALLOWED}{}`,
    `{${ALLOWED}}`,
    '',
    ' ',
    '\n',
    '{',
    '{"',
    '"',
    '-',
  ];
  const encoded: Text[] = [
    utf16,
    Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]),
    Buffer.from(utf16).swap16(),
    Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(utf16).swap16()]),
    utf32,
    Buffer.from(utf32).swap32(),
    Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(ALLOWED)]),
    Buffer.from(ALLOWED.replace('"hi"', '"+AGUAYwBoAG8-"').replace('{', '+AHs-')),
    withBytes(0xe9),
    withBytes(0x80),
    withBytes(0xc0, 0x80),
    withBytes(0xc0, 0xa2),
    withBytes(0xc1, 0xbf),
    withBytes(0xe0, 0x80, 0xa2),
    withBytes(0xed, 0xa0, 0x80),
    withBytes(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80),
    withBytes(0xf0, 0x80, 0x80, 0xa2),
    withBytes(0xf4, 0x90, 0x80, 0x80),
    withBytes(0xf8, 0x88, 0x80, 0x80, 0x80),
    withBytes(0xfe),
    withBytes(0xff),
    withBytes(0xe2, 0x82),
    withBytes(0xc3),
    withBytes(0xf0, 0x9f, 0x98),
  ];
  const texts = [...values, ...between, ...around, ...two, ...wrapped, ...cut, ...more, ...encoded];
  const one = [...two, ...wrapped, ...cut, ...encoded];
  await expectEachMalformed(
    site,
    texts.map((body): Call => ({ body })),
  );
  for (const each of sites.slice(1))
    await expectEachMalformed(
      each,
      one.map((body): Call => ({ body })),
    );
  for (const each of sites) await expectEachMalformed(each, Object.values(await legacyBodies(each, one)));
});

async function expectEachMalformed(each: Site<Spy>, calls: readonly Call[]): Promise<void> {
  each.spy.reset();
  for (const { body, ...call } of calls) {
    const answer = await send(each, { ...call, body: body as Text });
    expect({ body: String(body), status: answer.status, code: json(answer).error?.code }).toEqual({
      body: String(body),
      status: 400,
      code: -32700,
    });
  }
  await each.spy.settled?.();
  expect(each.spy.bytes()).toBe('');
}
