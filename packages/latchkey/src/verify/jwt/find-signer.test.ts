import { describe, expect, it } from 'vitest';
import { createIssuerKey, signCompact, type IssuerKey } from '../../../../../test/fixtures/issuer-keys.ts';
import { OutgoingError } from '../../core/outgoing.ts';
import { findSigner } from './find-signer.ts';
import type { IssuedToken } from './issued-token.ts';
import type { JwtIssuer } from './jwt-issuer.ts';
import { parseKeySet } from './key-set.ts';
import { nodeCrypto } from './node-crypto.ts';
import { parseToken, type ParsedToken } from './parse-token.ts';
import type { VerificationKey } from './verification-key.ts';

const NOW = 1_800_000_000_000;
const [OLD, NEW, STRANGER] = ['ES256', 'ES256', 'ES256'].map(createIssuerKey) as [IssuerKey, IssuerKey, IssuerKey];
const REFUSED = { kind: 'reject', reason: 'credential-unknown' };

type Keys = readonly VerificationKey[];

function keysOf(...keys: readonly IssuerKey[]): Keys {
  const text = JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) });
  return parseKeySet(text, { name: 'it', algorithms: ['ES256'], importKey: nodeCrypto.importKey });
}

/** A token by that key, of an issuer whose key set answers so; and what the key set was asked. */
function issue(
  key: IssuerKey,
  { peek, get = peek, renew = get }: { peek: Keys | null; get?: Keys | null | Error; renew?: Keys | null | Error },
  header: object = { kid: key.kid },
) {
  const asked: string[] = [];
  const answer = async (how: string, keys: Keys | null | Error): Promise<Keys> => {
    asked.push(how);
    if (keys instanceof Error) throw keys;
    return keys as Keys;
  };
  const keys = { peek: () => peek, get: () => answer('get', get), renew: () => answer('renew', renew) };
  const token = parseToken(signCompact({ alg: 'ES256', ...header }, { iss: 'it' }, key)) as ParsedToken;
  const issued: IssuedToken = { issuer: { rules: { name: 'it' }, keys } as unknown as JwtIssuer, token };
  return { found: findSigner(issued, NOW), asked };
}

describe('findSigner', () => {
  const old = keysOf(OLD);

  it('finds it at once among the keys that are there, by its name or as the one that fits', () => {
    expect(issue(OLD, { peek: old })).toEqual({ found: old[0], asked: [] });
    expect(issue(OLD, { peek: old }, {})).toEqual({ found: old[0], asked: [] });
  });

  it('refuses at once what the key that is named did not sign', () => {
    const { found, asked } = issue(STRANGER, { peek: old }, { kid: OLD.kid });
    expect(found).toMatchObject({ ...REFUSED, detail: 'its signature is not by its key' });
    expect(asked).toEqual([]);
  });

  it('gets the keys where there are none, and has them renewed where theirs is not among them', async () => {
    const first = issue(OLD, { peek: null, get: old });
    expect(await first.found).toBe(old[0]);
    expect(first.asked).toEqual(['get']);
    const renewed = keysOf(OLD, NEW);
    for (const header of [{ kid: NEW.kid }, {}]) {
      const second = issue(NEW, { peek: old, renew: keysOf(NEW) }, header);
      expect(await second.found).toMatchObject({ kid: NEW.kid });
      expect(second.asked).toEqual(['get', 'renew']);
    }
    const third = issue(NEW, { peek: old, get: renewed });
    expect(await third.found).toBe(renewed[1]);
    expect(third.asked).toEqual(['get']);
  });

  it('refuses what no new key fits either', async () => {
    for (const renew of [old, keysOf(OLD, NEW)]) {
      const { found, asked } = issue(STRANGER, { peek: old, renew });
      expect(await found).toMatchObject({ ...REFUSED, detail: 'not exactly one key of auth.issuers.it fits it' });
      expect(asked).toEqual(['get', 'renew']);
    }
  });

  it('knows an issuer without a key from one without the right one', async () => {
    const { found } = issue(OLD, { peek: [], renew: [] });
    expect(await found).toMatchObject({ reason: 'issuer-unavailable', detail: expect.stringContaining('has no key') });
  });

  it('says so when the issuer cannot be asked, and passes on what is no fault of its', async () => {
    const down = { peek: null, get: new OutgoingError('it: status 500') };
    expect(await issue(OLD, down).found).toMatchObject({ reason: 'issuer-unavailable', detail: 'it: status 500' });
    const bug = new TypeError('a bug');
    await expect(issue(OLD, { peek: old, renew: bug }, { kid: 'other' }).found).rejects.toBe(bug);
  });
});
