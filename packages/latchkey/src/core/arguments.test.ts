import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.ts';

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

  it('refuses what would take long', () => {
    expect(() => parseArguments(`[${'1,'.repeat(5000)}1]`)).toThrow(RangeError);
    expect(() => parseArguments('['.repeat(200) + ']'.repeat(200))).toThrow(RangeError);
    expect(() => parseArguments('9'.repeat(1000))).toThrow(RangeError);
    expect(() => parseArguments('{')).toThrow(SyntaxError);
  });
});
