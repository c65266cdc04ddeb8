import fc from 'fast-check';
import { applyChange, change } from './byte-changes.ts';

const VARIANTS = 2;
export const DOCUMENTS_AT_ONCE = 1 + VARIANTS;

/**
 * A document to read, and the same with bytes inserted, deleted, flipped, repeated and moved: JSON-RPC messages in all
 * spellings, deep and wide ones.
 */
export function jsonDocuments(): fc.Arbitrary<readonly Buffer[]> {
  const text = fc.oneof(
    { weight: 12, arbitrary: messages() },
    { weight: 1, arbitrary: deepDocuments() },
    { weight: 1, arbitrary: wideDocuments() },
  );
  const changes = fc.array(fc.array(change, { minLength: 1, maxLength: 2 }), {
    minLength: VARIANTS,
    maxLength: VARIANTS,
  });
  return fc.tuple(text, changes).map(([first, variants]) => {
    const document = Buffer.from(first);
    return [document, ...variants.map((made) => made.reduce(applyChange, document))];
  });
}

const leaf = fc.constantFrom(
  'null',
  'true',
  'false',
  '0',
  '-0',
  '1.5e-3',
  '12345678901234567890',
  '1E+2',
  '""',
  '"x"',
  '"é😀"',
  '"\\u0041\\n"',
  '"\\ud800"',
  '{}',
  '[]',
  '"a\\\\\\"b"',
  '[[],{}]',
  '{"Name":"echo"}',
);
const anyKey = fc.constantFrom(
  'a',
  'A',
  'b',
  'é',
  'É',
  'a_b',
  'ab',
  '😀',
  '__proto__',
  '0',
  'name',
  'method',
  '',
  'ключ',
);
const pair = fc.tuple(anyKey, leaf).map(([key, value]) => `"${key}":${value}`);
const json = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 4 }).map((items) => `[${items.join()}]`),
  fc
    .uniqueArray(pair, { maxLength: 4, selector: (text) => text.slice(0, text.indexOf(':')) })
    .map((all) => `{${all.join()}}`),
);
const space = fc.constantFrom('', '', '', ' ', '\n', '\t ', '\r\n');

/** Every spelling of a key that some program takes for the plain one, and the plain one most of the time. */
function spelling(key: string): fc.Arbitrary<string> {
  const position = fc.nat(key.length - 1);
  const replaced = (by: (letter: string) => string) =>
    position.map((at) => `${key.slice(0, at)}${by(key[at] as string)}${key.slice(at + 1)}`);
  return fc.oneof(
    { weight: 600, arbitrary: fc.constant(`"${key}"`) },
    replaced((letter) => letter.toUpperCase()).map((each) => `"${each}"`),
    replaced((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).map((each) => `"${each}"`),
    fc
      .tuple(
        position,
        fc.constantFrom(' ', '_', '-', '\u200b', '\u0301', '\\u0000', '\ufe0f', '\u00a0', '.', '\\ud800'),
      )
      .map(([at, inserted]) => `"${key.slice(0, at)}${inserted}${key.slice(at)}"`),
    fc.constantFrom(
      `"${key.toUpperCase()}"`,
      `"${key} "`,
      `"${key.replace('s', '\u017f').replace('k', '\u212a').replace('i', '\u0131')}"`,
      `"${key.replaceAll('/', '\\/')}"`,
      `"${key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}"`,
      `"${[...key].map((letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)).join('')}"`,
    ),
  );
}

function member(key: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(spelling(key), space, value).map(([name, gap, text]) => `${name}${gap}:${gap}${text}`);
}

/** An object of some of these members, shuffled, now and then with others or one of them twice. */
function object(members: readonly fc.Arbitrary<string>[], needed: number): fc.Arbitrary<string> {
  const more = fc.oneof(
    { weight: 40 + members.length, arbitrary: fc.constant(null) },
    { weight: 5, arbitrary: pair },
    ...members,
  );
  return fc
    .tuple(fc.tuple(...members), fc.nat(2 ** members.length - 1), more, fc.nat(), space)
    .map(([all, chosen, another, turn, gap]) => {
      const some = all.filter((_, index) => index < needed || ((chosen >> index) & 1) === 1);
      if (another !== null) some.push(another);
      const at = some.length === 0 ? 0 : turn % some.length;
      return `{${gap}${[...some.slice(at), ...some.slice(0, at)].join(`,${gap}`)}${gap}}`;
    });
}

function oddly(usual: readonly string[], odd: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 60, arbitrary: fc.constantFrom(...usual) }, fc.constantFrom(...odd));
}

const NAMES = ['"echo"', '"delete_all"', '"\\u0065cho"', '"Größe"', '"😀"', '"\\ud83d\\ude00"'];
const NO_NAMES = ['"a\\u0000b"', '"\\ud800"', 'null', '1', '{}', '[]', `"${'x'.repeat(8200)}"`, '""'];
const name = oddly(NAMES, NO_NAMES);
const id = oddly(
  ['1', '0', '-7', '"a"', '"a\\"b"', '9007199254740993', '"é"', '""'],
  [
    'null',
    'true',
    '1.0',
    '1e2',
    '-0',
    '01',
    '{}',
    '[1]',
    '"\\ud800"',
    '"\\u0000"',
    '1'.repeat(40),
    `"${'i'.repeat(513)}"`,
  ],
);
const METHODS = [
  'tools/call',
  'prompts/get',
  'resources/read',
  'completion/complete',
  'subscriptions/listen',
  'acme/fly',
];
const method = oddly(
  [...METHODS, 'tools/list', 'notifications/cancelled', 'tools\\/call', '\\u0074ools/call'].map((each) => `"${each}"`),
  ['""', '"a b"', '"méthode"', '1', 'null', `"${'m'.repeat(129)}"`, '"tools/call\\u0000"'],
);
const uri = oddly(['"file:///a"', '"file:\\/\\/\\/a"'], ['"a\\u0001"', '"\\udfff"', '5']);

const own = (key: string): string => `io.modelcontextprotocol/${key}`;

function messages(): fc.Arbitrary<string> {
  const meta = object(
    [
      member(own('protocolVersion'), oddly(['"2026-07-28"', '"\\u0032026"'], ['1', 'null'])),
      member(own('clientCapabilities'), oddly(['{}', '{"roots":{}}'], ['[]', '1'])),
      member('progressToken', oddly(['"p"', '1', '1.5e3'], ['null', '{}'])),
      member(own('clientInfo'), json),
    ],
    2,
  );
  const args = fc.oneof(
    { weight: 9, arbitrary: object([member('path', json), member('file_path', json), member('tasK', json)], 0) },
    { weight: 1, arbitrary: json },
  );
  const reference = object(
    [member('type', oddly(['"ref/prompt"'], ['1'])), member('name', name), member('uri', uri)],
    1,
  );
  const list = oddly(['[]', '["file:///a"]', '["a","b"]'], ['{}', '[1]', '["\\ud800"]', '"a"']);
  const params = object(
    [
      member('name', name),
      member('arguments', args),
      member('_meta', fc.oneof({ weight: 9, arbitrary: meta }, json)),
      member('uri', uri),
      member('ref', fc.oneof({ weight: 9, arbitrary: reference }, json)),
      member('notifications', object([member('resourceSubscriptions', list), member('toolsListChanged', json)], 0)),
      member('requestId', id),
      member('taskId', name),
      member('requestState', json),
    ],
    2,
  );
  const call = object(
    [
      member('jsonrpc', oddly(['"2.0"'], ['"2\\u002e0"', '2.0', '"1.0"', 'null'])),
      member('id', id),
      member('method', method),
      member('params', fc.oneof({ weight: 20, arbitrary: params }, json)),
    ],
    4,
  );
  const notice = object(
    [
      member('jsonrpc', fc.constant('"2.0"')),
      member('method', fc.constant('"notifications/cancelled"')),
      member('params', params),
    ],
    2,
  );
  const response = object(
    [member('jsonrpc', fc.constant('"2.0"')), member('id', id), member('result', json), member('error', json)],
    2,
  );
  return fc.oneof(
    { weight: 30, arbitrary: call },
    { weight: 3, arbitrary: notice },
    { weight: 3, arbitrary: response },
    json,
    fc.tuple(call, call).map((both) => `[${both.join()}]`),
  );
}

const depth = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 55, max: 70 }) }, fc.constantFrom(1, 5000));

function deepDocuments(): fc.Arbitrary<string> {
  const places = ['arguments', '_meta', 'name', 'x'];
  return fc
    .tuple(depth, fc.constantFrom('[', '{"a":', '[{"b":'), fc.constantFrom(...places), fc.integer({ min: -1, max: 1 }))
    .map(([levels, open, place, missing]) => {
      const close = [...open].toReversed().join('').replaceAll(/[^[{]/g, '').replaceAll('{', '}').replaceAll('[', ']');
      const opened = `${open.repeat(levels)}${open.endsWith(':') ? 'null' : ''}`;
      const nested = `${opened}${close.repeat(Math.max(0, levels - Math.max(0, missing)))}${missing < 0 ? close : ''}`;
      return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","${place}":{"v":${nested}}}}`;
    });
}

function wideDocuments(): fc.Arbitrary<string> {
  const key = fc.constantFrom('k', 'K', 'é', '\\u006b', 'a_b', '😀');
  return fc
    .tuple(
      fc.integer({ min: 10, max: 40 }),
      key,
      fc.option(fc.nat(40)),
      fc.constantFrom('arguments', '_meta', 'requestState'),
    )
    .map(([count, prefix, again, place]) => {
      const keys = Array.from({ length: count }, (_, index) => `"${prefix}${index}":${index}`);
      if (again !== null) keys.push(`"k${again}":[]`);
      return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","${place}":{${keys.join()}}}}`;
    });
}
