import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Secret } from '../core/secret.ts';
import { createStaticVerifier, parseStaticTokens } from './static-tokens.ts';

const strong = () => randomBytes(24).toString('base64');

const idOf = (verdict: unknown) => (verdict as { principal: { id: string } }).principal.id;

function failureOf(text: string): { code?: string; hint?: string; message: string } {
  try {
    parseStaticTokens(text);
  } catch (error) {
    return error as Error & { code: string; hint: string };
  }
  return { message: 'accepted' };
}

describe('parseStaticTokens', () => {
  it('takes strong tokens of any shape, trimmed', () => {
    const shapes = [
      strong(),
      randomBytes(10).toString('hex'),
      randomBytes(32).toString('base64url'),
      randomUUID(),
      `ghp_${randomBytes(18).toString('hex')}`,
      '4f!Kz$92_pQ~v:L0x)Yb',
    ];
    expect(parseStaticTokens(` ${shapes.join(' ,\t')}\n`).map((token) => token.reveal())).toEqual(shapes);
  });

  it('never takes random tokens of 20 or more characters for weak', () => {
    for (let turn = 0; turn < 500; turn++) {
      for (const text of [randomBytes(10).toString('hex'), randomBytes(15).toString('base64url'), randomUUID()]) {
        expect(failureOf(text).message).toBe('accepted');
      }
    }
  });

  it.for(['', '  ', ',', 'GOOD,', ',GOOD', 'GOOD,,GOOD2', 'GOOD,GOOD'])(
    'refuses an empty or repeated member: %j',
    (pattern) => {
      const [good, good2] = [strong(), strong()];
      expect(failureOf(pattern.replace('GOOD2', good2).replaceAll('GOOD', good)).code).toBe('E_CREDENTIAL_WEAK');
    },
  );

  it.for([
    'short-7Gk2pQx9Zv',
    'changeme-changeme-changeme',
    'your-token-here-your-token-here',
    'your-super-secret-token-here',
    'YOUR_SECRET_TOKEN_1234567890',
    'my-very-long-secret-api-key-1',
    'test-token-1234567890',
    'secret-password-for-testing-123',
    'example-token-abcdefghij',
    'super-secret-static-token-for-ci',
    'xxxxxxxxxxxxxxxxxxxxxxxx',
    'lk_xxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    '12345678901234567890',
    '0123456789abcdef0123456789abcdef',
    'sk-1234567890abcdef1234567890abcdef',
    'abcdefghijklmnopqrstuvwxyz',
    'qwertyuiopasdfghjklzxcvbnm',
    'zK9!zK9!zK9!zK9!zK9!zK9!',
    'aB3$aB3$xYz0aB3$aB3$xYz0',
    'correct-horse-battery-staple',
    'deadbeefdeadbeefdeadbeef',
    '00000000-0000-0000-0000-000000000001',
    'Zürich-8Gk2pQx9ZvL4tYw',
    '8Gk2pQx9Zv L4tYwRq1Xz0b',
  ])('refuses %j and names its position, not its text', (text) => {
    const failure = failureOf(`${strong()}, ${text}`);
    expect(failure.code).toBe('E_CREDENTIAL_WEAK');
    expect(failure.message).toContain('token 2 of 2');
    expect(failure.message).not.toContain(text);
  });
});

describe('the error of parseStaticTokens', () => {
  it('says what is wrong in a sentence, and how to make a good token', () => {
    const good = strong();
    expect(failureOf(' ').message).toBe('The list of static tokens is empty.');
    expect(failureOf(`${good},`).message).toBe('Static token 2 of 2 is empty.');
    expect(failureOf(`${good},${good}`).message).toBe('Static token 2 of 2 is the same as an earlier one.');
    expect(failureOf(`short,${good}`).message).toBe('Static token 1 of 2 is shorter than 20 characters.');
    expect(failureOf('').hint).toContain('openssl rand -base64 32');
  });
});

describe('createStaticVerifier', () => {
  const [first, second] = [strong(), strong()];
  const options = { scopes: ['*'], label: 'MCP_AUTH_TOKENS', idKey: 'k' };
  const verifier = createStaticVerifier([new Secret(first), new Secret(second)], options);
  const verify = (text: string) =>
    verifier.verify({ scheme: 'bearer', proof: null, secret: new Secret(text) }, 'files', 0);

  it('accepts exactly the given tokens', () => {
    expect(verify(first)).toMatchObject({
      kind: 'accept',
      principal: {
        kind: 'static',
        name: 'MCP_AUTH_TOKENS',
        client: null,
        scopes: new Set(['*']),
        servers: null,
        expiresAt: null,
        credentialId: null,
        issuer: null,
        subject: null,
        keyThumbprint: null,
      },
    });
    for (const text of ['', first.slice(1), `${first} `, first.toLowerCase(), `${first},${second}`]) {
      expect(verify(text)).toEqual({ kind: 'skip' });
    }
  });

  it('tells two tokens apart by ids that show nothing of them and last while the key lasts', () => {
    expect(idOf(verify(first))).not.toBe(idOf(verify(second)));
    const again = createStaticVerifier([new Secret(first)], options);
    const elsewhere = createStaticVerifier([new Secret(first)], { ...options, idKey: 'other' });
    const credential = { scheme: 'bearer', proof: null, secret: new Secret(first) } as const;
    expect(idOf(again.verify(credential, 'files', 0))).toBe(idOf(verify(first)));
    expect(idOf(elsewhere.verify(credential, 'files', 0))).not.toBe(idOf(verify(first)));
    expect(idOf(verify(first))).toMatch(/^static:[0-9a-f]{16}$/);
  });

  it('has ids of its own when it is given no key', () => {
    const { idKey: _, ...keyless } = options;
    const credential = { scheme: 'bearer', proof: null, secret: new Secret(first) } as const;
    const ids = [1, 2].map(() =>
      idOf(createStaticVerifier([new Secret(first)], keyless).verify(credential, 'files', 0)),
    );
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('says which verifier it is, and hands out principals that nothing can change', () => {
    expect(verifier.name).toBe('static-tokens');
    const verdict = verify(second) as { principal: object };
    expect(Object.isFrozen(verdict.principal)).toBe(true);
    expect(verify(second)).toEqual(verdict);
  });
});
