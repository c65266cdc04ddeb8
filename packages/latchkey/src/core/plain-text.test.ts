import { describe, expect, it } from 'vitest';
import { toPlainText } from './plain-text.ts';

describe('toPlainText', () => {
  it('shows what a terminal would obey or hide', () => {
    expect(toPlainText('a\u001b[31mb\u202ec\u{e0041}d')).toBe('a\\u001b[31mb\\u202ec\\u{e0041}d');
    expect(toPlainText('für alle')).toBe('für alle');
  });
});
