import { describe, expect, it } from 'vitest';
import type { IssuerRules } from '../../core/issuer.ts';
import type { Soon } from '../../core/soon.ts';
import type { JwtIssuer } from './jwt-issuer.ts';
import { readHolder } from './read-holder.ts';

const NOW = 1_800_000_000_000;
const RULES: IssuerRules = {
  name: 'it',
  issuer: 'https://it.example',
  audiences: null,
  foreignAudiences: false,
  clients: null,
  required: {},
  scopes: { always: [], claims: ['scope'], table: {} },
};
const CLAIMS = { iss: RULES.issuer, sub: 'ada', aud: 'https://mcp.example', exp: NOW / 1000 + 60 };

/** Digests stand for themselves, 32 letters of them. */
const digest = (text: string): string => `${text}:`.padEnd(32, '0');

const read = (claims: object, by: (text: string) => Soon<string> = digest) => {
  const token = { header: { typ: 'AT+JWT' }, claims: { ...CLAIMS, ...claims }, input: BYTES, signature: BYTES };
  return readHolder({ issuer: { rules: RULES } as JwtIssuer, token }, NOW, by);
};
const BYTES = new Uint8Array();

describe('readHolder', () => {
  it('reads whose a token is', () => {
    expect(read({})).toMatchObject({ kind: 'holder', principal: { id: 'issuer:it:ada' }, audiences: [CLAIMS.aud] });
  });

  it('names odd texts by their digests, at once where the platform has them at once', async () => {
    const odd = { sub: 'a b', client_id: 'c d' };
    const holder = { principal: { id: `issuer:it:sha256-${digest('a b')}`, client: `sha256-${digest('c d')}` } };
    expect(read(odd)).toMatchObject(holder);
    const later = read(odd, async (text) => digest(text));
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toMatchObject(holder);
  });

  it('refuses what is no access token, and claims that it cannot read', () => {
    for (const [claims, detail] of [
      [{ at_hash: 'x' }, 'at_hash shows that it is no access token'],
      [{ exp: undefined }, 'exp is not as it must be'],
    ] as const)
      expect(read(claims)).toEqual({ kind: 'reject', reason: 'credential-claims', detail });
  });
});
