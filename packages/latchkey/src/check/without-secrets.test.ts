import { describe, expect, it } from 'vitest';
import { Secret } from '../core/secret.ts';
import { secretsOf, withoutSecrets } from './without-secrets.ts';

describe('withoutSecrets', () => {
  const secrets = secretsOf(new URL('https://h/mcp?key=qwertzuiop&page=1'), new Secret('a+b/token=='));

  it('blots the token out of every string, however it is spelled', () => {
    const spellings = ['a+b/token==', encodeURIComponent('a+b/token=='), btoa('a+b/token==')];
    const cleaned = JSON.stringify(
      withoutSecrets({ list: [{ text: `x ${spellings.join(' ')} y` }], number: 1 }, secrets),
    );
    for (const spelling of spellings) expect(cleaned).not.toContain(spelling.replace(/=+$/, ''));
    expect(cleaned).toContain('"number":1');
  });

  it('blots long values of the query out, and leaves short ones', () => {
    expect(withoutSecrets('https://h/mcp?key=qwertzuiop&page=1', secrets)).toBe('https://h/mcp?key=[redacted]&page=1');
  });
});
