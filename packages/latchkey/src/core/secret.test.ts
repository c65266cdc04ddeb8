import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from './secret.ts';

describe('Secret', () => {
  const secret = new Secret('lk_canary');

  it('gives its text to whoever asks for it', () => {
    expect(secret.reveal()).toBe('lk_canary');
  });

  it('shows [redacted] however it is printed', () => {
    const printed = [`${secret}`, String(secret), inspect(secret), format('%s', secret), secret.toString()];
    expect(printed).toEqual(printed.map(() => '[redacted]'));
    expect(JSON.stringify({ token: secret })).toBe('{"token":"[redacted]"}');
  });

  it('shows nothing from inside other things', () => {
    const inside = { deep: [secret], map: new Map([[secret, secret]]) };
    expect(inspect(inside, { depth: 9, showHidden: true })).not.toContain('canary');
    expect(JSON.stringify(Object.entries(secret))).toBe('[]');
  });
});
