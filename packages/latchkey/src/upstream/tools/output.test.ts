import { describe, expect, it } from 'vitest';
import { createCollector, toCollectedBytes, toOutput, toPrintable, type FirstBytes } from './output.ts';
import { createRedactor } from './redact.ts';

function collect(text: string, maxBytes: number, chunkBytes = 7): FirstBytes {
  const collector = createCollector(maxBytes);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) collector.push(bytes.subarray(at, at + chunkBytes));
  expect(collector.totalBytes).toBe(bytes.length);
  return collector.take();
}

const print = (text: string): string => toPrintable({ bytes: Buffer.from(text), cut: false });
const limits = (maxBytes: number, hidden: readonly string[] = []) => ({ maxBytes, redactor: createRedactor(hidden) });

describe('createCollector', () => {
  it('keeps the first bytes, and knows whether there were more', () => {
    expect(collect('abcdefghij', 10)).toEqual({ bytes: Buffer.from('abcdefghij'), cut: false });
    expect(collect('abcdefghijk', 10)).toEqual({ bytes: Buffer.from('abcdefghij'), cut: true });
    expect(collect('', 10)).toEqual({ bytes: Buffer.from(''), cut: false });
  });
});

describe('toPrintable', () => {
  it('keeps line breaks and tabs, and nothing else that is no character', () => {
    const all = String.fromCharCode(...Array.from({ length: 0xa1 }, (_, i) => i));
    const shown = print(all.replace('\u001b', '').replaceAll(/[\u0090-\u009f]/g, ''));
    expect(shown).toBe(`\t\n${all.slice(0x20, 0x7f)}\u00a0`);
  });

  it.each([
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['\u009b31mred', 'red'],
    ['a\u001b[2K\u001b[1Gb', 'ab'],
    ['\u001b]0;title\u0007a', 'a'],
    ['\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['\u009d0;title\u009ca', 'a'],
    ['\u001bPq#0\u001b\\a', 'a'],
    ['\u001b(Ba\u001bMb\u001bc', 'ab'],
    ['\u001b]never ended', 'never ended'],
    ['a\u001b', 'a'],
    ['a\u001b[', 'a'],
    ['\u001b\u001b[31ma', 'a'],
  ])('takes the escape sequences out of %j', (text, shown) => {
    expect(print(text)).toBe(shown);
  });

  it('replaces what is no UTF-8, and drops half a character where it was cut', () => {
    const bytes = Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0xe2, 0x82]);
    expect(toPrintable({ bytes, cut: false })).toBe('a\ufffd\ufffd(\ufffd\ufffd\ufffd\ufffd');
    expect(toPrintable({ bytes, cut: true })).toBe('a\ufffd\ufffd(\ufffd\ufffd\ufffd');
  });

  it('takes time in proportion', () => {
    const started = performance.now();
    for (const text of ['\u001b]', '\u001b[', '\u001b', '\u001b]a', '\u001bP;', '\u009d']) print(text.repeat(200_000));
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('toOutput', () => {
  it('shows one stream after the other, trimmed', () => {
    const streams = [collect(' out \n', 100), collect('\n err\n', 100)];
    expect(toOutput(streams, limits(100))).toBe('out\nerr');
    expect(toOutput([collect('', 100), collect('err', 100)], limits(100))).toBe('err');
    expect(toOutput([], limits(100))).toBe('');
  });

  it('says when it was cut, and keeps some of what came last', () => {
    const text = toOutput([collect('o'.repeat(500), 100), collect('e'.repeat(500), 100)], limits(100));
    const note = '[the output was cut: a result holds 100 bytes of it]';
    expect(text).toBe(`${'o'.repeat(75)}\n${'e'.repeat(25)}\n${note}`);
    expect(toOutput([collect('o'.repeat(500), 100)], limits(100))).toBe(`${'o'.repeat(100)}\n${note}`);
    expect(toOutput([collect('o'.repeat(100), 100)], limits(100))).toBe('o'.repeat(100));
  });

  it('shows nothing of a hidden text, wherever it was cut and in whatever chunks it came', () => {
    const secret = 'sk-0123456789abcdefghij';
    for (let maxBytes = 80; maxBytes < 140; maxBytes += 1)
      for (const colour of ['', '\u001b[31m']) {
        const with_ = limits(maxBytes, [secret]);
        const told = `${'x'.repeat(90)}${secret.slice(0, 5)}${colour}${secret.slice(5)}${'y'.repeat(20_000)}`;
        const text = toOutput([collect(told, toCollectedBytes(with_), 3)], with_);
        expect(text).not.toMatch(/sk-|0123|abcd|ghij/);
        expect(text).toContain('was cut');
      }
  });

  it('shows nothing of a hidden text that was only half collected', () => {
    const secret = 'sk-0123456789abcdefghij';
    const within = limits(1000, [secret]);
    const most = toCollectedBytes(within);
    for (let before = most - secret.length; before < most; before += 1) {
      // What is no text fills what is collected, so that its end is within what a result holds.
      const colours = '\u001b[31m'.repeat(Math.floor(before / 5));
      const told = `${'x'.repeat(before % 5)}${colours}${secret}${'y'.repeat(100)}`;
      expect(toOutput([collect(told, most, 1000)], within)).not.toMatch(/sk|0123/);
    }
  });

  it('shows as much with hidden texts as without', () => {
    const within = limits(1000, ['sk-0123456789abcdefghij']);
    const text = toOutput([collect('x'.repeat(50_000), toCollectedBytes(within), 1000)], within);
    expect(text).toMatch(/^x{1000}\n/);
  });
});
