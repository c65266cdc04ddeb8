import { describe, expect, it } from 'vitest';
import { startTestIssuer } from './test-issuer.ts';

describe('rotateKeys', () => {
  it('leaves the newest key alone in the JWKS, and makes one where none was left', async () => {
    const issuer = await startTestIssuer({ algorithms: ['RS256', 'EdDSA'] });
    const kids = async () =>
      ((await (await fetch(`${issuer.origin}/jwks`)).json()) as { keys: { kid: string; alg: string }[] }).keys.map(
        ({ kid, alg }) => [kid, alg],
      );
    const { kid } = await issuer.rotateKeys();
    expect(await kids()).toEqual([[kid, 'EdDSA']]);
    issuer.removeKey(kid);
    const { kid: next } = await issuer.rotateKeys();
    expect(await kids()).toEqual([[next, 'ES256']]);
    await issuer.stop();
    await issuer.close();
  });
});
