import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createShape, decodeText, fold, MAX_DEPTH, scanJson, TYPE_NUMBER, TYPE_STRING } from './strict-json.ts';

const shape = createShape({ name: { slot: 0 }, inner: { slot: 3, shape: createShape({ deep: { slot: 6 } }) } }, 9);
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

  it('refuses keys that only look like one that is judged', () => {
    for (const key of ['Name', 'NAME', 'nam\\u0045', 'name ', 'name\\u200b', '\uff4eame', 'N\\u0061me'])
      expect([key, scan(`{"${key}":1}`)]).toEqual([key, 'key-variant']);
    expect(scan('{"inner":{"Deep":1}}')).toBe('key-variant');
    expect(scan('{"other":{"Name":1}}')).toBeNull();
  });

  it('refuses keys with lone surrogates, which programs turn into one and the same', () => {
    expect(scan('{"\\ud800":1}')).toBe('key-variant');
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

  it('tells keys of one object apart only by case, where asked', () => {
    expect([scan('{"x":1,"X":2}'), slots[9]]).toEqual([null, 1]);
    expect([scan('{"x":1,"y":{"z":1,"Z":2}}'), slots[9]]).toEqual([null, 0]);
  });

  it('stays linear in the number of keys', () => {
    const text = `{${Array.from({ length: 50_000 }, (_, i) => `"key${i}":${i}`).join()}}`;
    const started = performance.now();
    expect(scan(text)).toBeNull();
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('fold', () => {
  it('maps what careless readers take for one key to one text', () => {
    for (const key of ['name', 'NAME', 'nAmE', 'name\u200d', 'ｎａｍｅ', ' name']) expect(fold(key)).toBe('name');
    expect(fold('ta\u017fk')).toBe('task');
    expect(fold('tas\u212a')).toBe('task');
  });
});
