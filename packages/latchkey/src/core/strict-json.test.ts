import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createShape, watchKeys } from './json-shape.ts';
import { decodeText } from './json-text.ts';
import { MAX_DEPTH, scanJson, TYPE_NUMBER, TYPE_STRING } from './strict-json.ts';

const shape = createShape({
  name: { slot: 0 },
  inner: { slot: 3, shape: createShape({ deep: { slot: 6 } }) },
  watched: { shape: watchKeys(9) },
});
const nest = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const slots = new Int32Array(10);
const scan = (text: string | Buffer): string | null => scanJson(Buffer.from(text), shape, slots);

describe('scanJson', () => {
  it('takes what JSON.parse takes, as long as no key is there twice', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.nat(3), (text, indent) => {
        expect(scan(JSON.stringify(JSON.parse(text), null, indent))).toBeNull();
      }),
      { numRuns: 2000 },
    );
  });

  it('never takes what JSON.parse refuses', () => {
    const mutated = fc
      .tuple(fc.json({ maxDepth: 3 }), fc.nat(200), fc.string({ maxLength: 3 }))
      .map(([text, at, more]) => text.slice(0, at % (text.length + 1)) + more + text.slice(at % (text.length + 1)));
    let taken = 0;
    fc.assert(
      fc.property(mutated, (text) => {
        if (scan(text) !== null) return;
        taken += 1;
        JSON.parse(text);
      }),
      { numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it.each([
    '',
    ' ',
    '{',
    '{"a":1,}',
    '[1,]',
    '{a:1}',
    "{'a':1}",
    '{"a":NaN}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":1e}',
    '{"a":"\n"}',
    '{"a":"\\x41"}',
    '{"a":"\\u12G4"}',
    '{} {}',
    '{}\n{}',
    '{}x',
    '// c\n{}',
    '\ufeff{}',
    'tru',
    'nulll',
    '"unended',
  ])('refuses %j', (text) => {
    expect(scan(text)).toBe('malformed');
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong three-byte form', [0xe0, 0x80, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a value past U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a sequence cut short', [0xe2, 0x82]],
    ['a byte that UTF-8 never has', [0xff]],
  ])('refuses %s in a string', (_name, bytes) => {
    expect(scan(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]))).toBe('malformed');
  });

  it('finds a key that is there twice at any level, however it is spelled', () => {
    for (const text of [
      '{"a":1,"a":2}',
      '{"x":[{"a":1,"\\u0061":2}]}',
      `{"o":{${Array.from({ length: 40 }, (_, i) => `"k${i}":0`).join()},"k7":1}}`,
    ])
      expect(scan(text)).toBe('duplicate-key');
  });

  it('refuses keys that some program takes for one that is judged', () => {
    const variants = ['Name', 'NAME', 'nam\\u0045', 'N\\u0061me', 'name ', 'name\\u200b', '\uff4eame', 'n\u00e3me'];
    for (const key of [...variants, 'na_me', '_name', 'na-me', 'name\\u0008', 'name\u034f'])
      expect([key, scan(`{"${key}":1}`)]).toEqual([key, 'key-variant']);
    for (const key of ['Deep', '\\u0064eep']) expect(scan(`{"inner":{"${key}":1}}`)).toBe('key-variant');
    expect(scan('{"other":{"Name":1,"\\u006eame":2,"naame":3}}')).toBeNull();
  });

  it('refuses a key that is judged and spelled with escapes, which some programs do not resolve in keys', () => {
    expect(scan('{"\\u006eame":1}')).toBe('key-variant');
    const slash = createShape({ 'a/b': { slot: 0 } });
    expect(scanJson(Buffer.from('{"a\\/b":1}'), slash, slots)).toBeNull();
    expect(slots[2]).toBe(TYPE_NUMBER);
    expect(scanJson(Buffer.from('{"a\\u002fb":1}'), slash, slots)).toBe('key-variant');
  });

  it('refuses keys with lone surrogates or a NUL, which programs read as one another', () => {
    for (const key of ['\\ud800', 'a\\udc00\\ud800b', 'name\\u0000', '\\u0000', 'x\\u0000y'])
      for (const text of [`{"${key}":1}`, `{"watched":{"${key}":1}}`, `{"o":[{"${key}":1}]}`])
        expect([text, scan(text)]).toEqual([text, 'key-variant']);
  });

  it('bounds depth without using the stack up', () => {
    expect(scan(nest(MAX_DEPTH))).toBeNull();
    for (const depth of [MAX_DEPTH + 1, 5000, 1_000_000]) expect(scan(nest(depth))).toBe('too-deep');
    expect(scan('{"a":'.repeat(200_000))).toBe('too-deep');
  });

  it('says where the wanted members stand', () => {
    const text = '{ "inner" : {"deep": -12.5e3 }, "name":"caf\u00e9\\n" }';
    expect(scan(text)).toBeNull();
    const bytes = Buffer.from(text);
    expect([slots[2], decodeText(bytes, slots[0] as number, slots[1] as number)]).toEqual([TYPE_STRING, 'caf\u00e9\n']);
    expect([slots[8], bytes.toString('utf8', slots[6], slots[7])]).toEqual([TYPE_NUMBER, '-12.5e3']);
  });

  it('tells where two keys of one object could be taken for one, at any depth of what is watched', () => {
    const many = Array.from({ length: 40 }, (_, i) => `"key${i}":0`).join();
    for (const pair of ['"x":1,"X":2', '"file_path":1,"filePath":2', '"task":1,"ta\u017fk":2', `${many},"Key7":1`])
      for (const text of [`{${pair}}`, `{"a":{${pair}}}`, `{"a":[1,[{"b":[{${pair}}]}]]}`])
        expect([text, scan(`{"watched":${text}}`), slots[9]]).toEqual([text, null, 1]);
    for (const text of ['{"watched":{"x":1,"y":{"X":2}}}', `{"watched":{${many}}}`, '{"o":{"x":1,"X":2}}'])
      expect([text, scan(text), slots[9]]).toEqual([text, null, 0]);
  });

  it('reads the next document as if the last one had not failed', () => {
    const open = `{"a":{"b":${'{"name":1,"x":'.repeat(20)}`;
    for (const broken of [open, `${open}}`, nest(1000), '{"inner":{"deep":1', '{"name":1,"name":2}', '{"Name":1}']) {
      expect(scan(broken)).not.toBeNull();
      expect([scan('{"a":1,"b":2,"x":[]}'), ...slots]).toEqual([null, ...slots.map(() => 0)]);
    }
  });
});
