import fc from 'fast-check';

/** One change to the bytes of a document. */
export interface Change {
  readonly kind: 'insert' | 'delete' | 'flip' | 'repeat' | 'move';
  readonly at: number;
  readonly length: number;
  readonly to: number;
  readonly bytes: Buffer;
}

const TOKENS = [
  '"method":"tools/call",',
  '"Name":1,',
  '"name":"x",',
  ',"id":2',
  '"\\u006eame":1,',
  '\\u0000',
  '\\ud800',
  '\\/',
  '\\x',

  '1e400',
  '-0',
  '01',
  '1.',
  '.5',
  '+1',
  '-',
  'NaN',
  'Infinity',
  'nul',
  'true',
  "'",
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',

  '//',
  '/*',
  '#',
  '\n',
  '\r',
  '\t',
  '\u000b',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '\u0000',
  'ſ',
  'é',
  '😀',
  '{}',
  '\u007f',
];
// Parts of UTF-8, overlong forms, surrogates and values past the end.
const BYTES = [
  '80',
  'c0af',
  'c1bf',
  'e08080',
  'eda080',
  'edb080',
  'f0808080',
  'f4908080',
  'f5',
  'ff',
  'fe',
  'c3',
  'e282',
  'f09f98',
];

/** Inserts, deletes, flips, repeats or moves a few bytes: parts of JSON, and of no UTF-8. */
export const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'delete', 'flip', 'repeat', 'move'),
  at: fc.nat(400),
  length: fc.integer({ min: 1, max: 24 }),
  to: fc.nat(400),
  bytes: fc.constantFrom(...TOKENS.map((token) => Buffer.from(token)), ...BYTES.map((hex) => Buffer.from(hex, 'hex'))),
});

/** A changed copy; places past the end wrap round. */
export function applyChange(document: Buffer, { kind, at, length, to, bytes }: Change): Buffer {
  const start = at % (document.length + 1);
  const part = document.subarray(start, start + length);
  const without = Buffer.concat([document.subarray(0, start), document.subarray(start + length)]);
  switch (kind) {
    case 'insert':
      return insertAt(document, start, bytes);
    case 'delete':
      return without;
    case 'flip':
      return Buffer.from(document.map((byte, index) => (index === start ? byte ^ (1 << (to % 8)) : byte)));
    case 'repeat':
      return insertAt(document, to % (document.length + 1), part);
    case 'move':
      return insertAt(without, to % (without.length + 1), part);
  }
}

function insertAt(document: Buffer, at: number, bytes: Buffer): Buffer {
  return Buffer.concat([document.subarray(0, at), bytes, document.subarray(at)]);
}
