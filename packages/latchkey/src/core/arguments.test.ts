import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.ts';

const list = (values: number) => `[${Array(values).fill('1').join()}]`;

const nest = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

const digits = (count: number) => `9${'0'.repeat(count - 1)}`;

describe('parseArguments', () => {
  it('keeps integers exact, however large', () => {
    const read = parseArguments('{"a":9007199254740993,"b":1,"c":1.5,"d":-12345678901234567890,"e":1e3,"f":1e300}');
    expect(read).toEqual(
      new Map<string, unknown>([
        ['a', 9007199254740993n],
        ['b', 1n],
        ['c', 1.5],
        ['d', -12345678901234567890n],
        ['e', 1000n],
        ['f', 1e300],
      ]),
    );
  });

  it('has no special names', () => {
    const read = parseArguments('{"__proto__":{"x":1},"constructor":2}') as ReadonlyMap<string, unknown>;
    expect([...read.keys()]).toEqual(['__proto__', 'constructor']);
    expect(parseArguments('{}')).toEqual(new Map());
  });

  it('takes commas in texts for what they are', () => {
    const text = `${'a,'.repeat(6000)}"\\\\`;
    expect(parseArguments(JSON.stringify({ text, n: 1 }))).toEqual(
      new Map<string, unknown>([
        ['text', text],
        ['n', 1n],
      ]),
    );
  });

  it('refuses what programs read in several ways', () => {
    for (const json of [
      '1e400',
      '-1e400',
      '[1e309]',
      '"\\u0000"',
      '{"a":"/etc/passwd\\u0000.txt"}',
      '"\\ud800"',
      '["\\udc00\\ud800"]',
    ])
      expect(() => parseArguments(json)).toThrow(RangeError);
    expect(parseArguments('["\\ud83d\\ude00",-0,1.7e308]')).toEqual(['\u{1f600}', 0n, 1.7e308]);
  });

  it('keeps every other value as it is', () => {
    expect(parseArguments('{"a":[null,true,false,"1",0,-1,0.5],"b":{"c":[]}}')).toEqual(
      new Map<string, unknown>([
        ['a', [null, true, false, '1', 0n, -1n, 0.5]],
        ['b', new Map([['c', []]])],
      ]),
    );
    expect(['null', '"x"', '7', '-0.5', '[]'].map((json) => parseArguments(json))).toEqual([null, 'x', 7n, -0.5, []]);
  });

  it('takes as an integer what is one in value, and exactly what is written as one', () => {
    const json = '[9007199254740991,9007199254740992,-9007199254740991,-9007199254740993,2.0,1e16,9007199254740993.0]';
    expect(parseArguments(json)).toEqual([
      9007199254740991n,
      9007199254740992n,
      -9007199254740991n,
      -9007199254740993n,
      2n,
      1e16,
      9007199254740992,
    ]);
  });

  it('takes no text for a number', () => {
    expect(parseArguments('["9007199254740993",9007199254740993]')).toEqual(['9007199254740993', 9007199254740993n]);
  });

  it('takes exactly as many values and levels as it says, and numbers in the range of doubles', () => {
    expect(parseArguments(list(2499))).toHaveLength(2499);
    expect(() => parseArguments(list(2500))).toThrow(RangeError);
    expect(() => parseArguments(nest(101))).not.toThrow();
    expect(() => parseArguments(nest(102))).toThrow(RangeError);
    expect(() => parseArguments(`${'{"a":'.repeat(102)}1${'}'.repeat(102)}`)).toThrow(RangeError);
    expect(parseArguments(digits(300))).toBe(BigInt(digits(300)));
    expect(() => parseArguments(digits(310))).toThrow(RangeError);
  });

  it('refuses a list that is too long before it reads its members', () => {
    expect(() => parseArguments(`[${','.repeat(2501)}`)).toThrow(RangeError);
    expect(() => parseArguments(`[${','.repeat(2500)}`)).toThrow(SyntaxError);
    expect(() => parseArguments(`["\\\\",${','.repeat(2501)}`)).toThrow(RangeError);
    expect(() => parseArguments(`["${','.repeat(3000)}`)).toThrow(SyntaxError);
    expect(() => parseArguments(`["\\"${','.repeat(3000)}`)).toThrow(SyntaxError);
  });

  it('says why it refuses', () => {
    expect(() => parseArguments(`[${'1,'.repeat(2600)}1]`)).toThrow('too many values');
    expect(() => parseArguments(`[${Array(2500).fill('1').join()}]`)).toThrow('too many values');
    expect(() => parseArguments('['.repeat(110) + ']'.repeat(110))).toThrow('too deep');
    expect(() => parseArguments('9'.repeat(500))).toThrow('past the range');
  });

  it('refuses what would take long', () => {
    expect(() => parseArguments(`[${'1,'.repeat(5000)}1]`)).toThrow(RangeError);
    expect(() => parseArguments('['.repeat(200) + ']'.repeat(200))).toThrow(RangeError);
    expect(() => parseArguments('9'.repeat(1000))).toThrow(RangeError);
    expect(() => parseArguments('{')).toThrow(SyntaxError);
  });
});
