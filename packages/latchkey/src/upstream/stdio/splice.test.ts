import { describe, expect, it } from 'vitest';
import { addMembers, splice } from './splice.ts';

describe('splice', () => {
  it('makes every edit, in whatever order they are given, and leaves the source alone', () => {
    const bytes = Buffer.from('{"id":1,"t":"é","m":{}}');
    const text = bytes.toString();
    const at = (part: string) => Buffer.byteLength(text.slice(0, text.indexOf(part)));
    const out = splice(bytes, [
      addMembers(at('{}'), true, '"x":1'),
      { start: at('1,'), end: at('1,') + 1, text: '"ключ"' },
      { start: at('"é"'), end: at('"é"') + 4, text: '77' },
    ]);
    expect(out.toString()).toBe('{"id":"ключ","t":77,"m":{"x":1}}');
    expect(bytes.toString()).toBe(text);
  });

  it('leaves room around them', () => {
    const out = splice(Buffer.from('ab'), [{ start: 1, end: 1, text: '-' }], { before: 1, after: 2 });
    expect(out).toHaveLength(6);
    expect(out.toString('latin1', 1, 4)).toBe('a-b');
  });
});
