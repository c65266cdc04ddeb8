import { describe, expect, it } from 'vitest';
import { wrapText } from './wrap-text.ts';

describe('wrapText', () => {
  it('breaks between words only', () => {
    expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapText('a https://a-long-url.example/mcp b', 10)).toEqual(['a', 'https://a-long-url.example/mcp', 'b']);
    expect(wrapText('', 10)).toEqual(['']);
  });

  it('has another width for the first line', () => {
    expect(wrapText('one two three four', 3, 9)).toEqual(['one', 'two three', 'four']);
  });
});
