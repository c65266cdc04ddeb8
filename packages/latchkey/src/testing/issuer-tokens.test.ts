import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../core/secret.ts';
import type { CredentialReason, Verdict, Verifier } from '../core/verifier.ts';
import { createDiscovery } from '../oauth/discovery.ts';
import { createOutgoing } from '../oauth/outgoing.ts';
import { createAskedJwtVerifier } from '../verify/asked-jwt.ts';
import { createKeySet } from '../verify/jwt/key-set.ts';
import { nodeCrypto } from '../verify/jwt/node-crypto.ts';
import { createJwtVerifier } from '../verify/jwt.ts';
import { createLookupVerifier } from '../verify/token-lookup.ts';
import { createJwtTokens } from './jwt-tokens.ts';
import { createOpaqueTokens } from './opaque-tokens.ts';
import { startTestIssuer, type TestIssuer } from './test-issuer.ts';

const RESOURCE = 'https://mcp.example/mcp';
const OPTIONS = { audience: RESOURCE, scope: 'file:read' };
const resourcesOf = (): string[] => [RESOURCE];
const ALGORITHMS = ['ES256', 'RS256', 'EdDSA'] as const;

/** The verifiers that the gateway has for this issuer, which ask it over HTTP. */
function createVerifiers({ url }: TestIssuer): Record<'jwt' | 'asked' | 'lookup', Verifier> {
  const outgoing = createOutgoing({ ca: null });
  const metadata = createDiscovery({ issuer: url, outgoing, given: null });
  const scopes = { always: [], claims: ['scope'], table: {} };
  const claims = { audiences: null, foreignAudiences: false, clients: null, required: {}, scopes };
  const rules = { name: 'test', issuer: url, ...claims };
  const kept = { refreshMs: 600_000, maxAgeMs: 600_000 };
  const keys = createKeySet({ algorithms: ALGORITHMS, from: null, metadata, outgoing, crypto: nodeCrypto, ...kept });
  const jwtIssuer = { rules, algorithms: ALGORITHMS, types: ['at+jwt'], keys };
  const by = { by: 'introspection', form: 'rfc7662', url: null } as const;
  const asked = { name: 'test', issuer: url, ...by, client: null, authenticate: async () => [], metadata, outgoing };
  const jwt = createJwtVerifier({ issuers: [jwtIssuer], crypto: nodeCrypto, resourcesOf });
  return {
    jwt,
    asked: createAskedJwtVerifier(jwt, [{ ...asked, audiences: null }], 60_000),
    lookup: createLookupVerifier({ rules, asked, prefixes: [], foreignPrefixes: [], resourcesOf }),
  };
}

const judge = async (verifier: Verifier, token: string): Promise<Verdict> =>
  verifier.verify({ scheme: 'bearer', secret: new Secret(token), proof: null }, 'server', Date.now());
const refused = (reason: CredentialReason, detail: string) => ({ kind: 'reject', reason, detail });
const accepted = (...scopes: string[]) => ({
  kind: 'accept',
  principal: { subject: 'alice', scopes: new Set(scopes) },
});

let issuer: TestIssuer;
let verifiers: ReturnType<typeof createVerifiers>;

async function start(options: Parameters<typeof startTestIssuer>[0] = {}): Promise<void> {
  issuer = await startTestIssuer(options);
  verifiers = createVerifiers(issuer);
}
afterEach(() => issuer.close());

describe('createJwtTokens', () => {
  describe.for(ALGORITHMS)('of an issuer that signs with %s', (algorithm) => {
    beforeEach(() => start({ algorithms: [algorithm] }));

    const wrong = [
      ['expired', 'credential-expired', 'exp is past'],
      ['wrongAudience', 'credential-audience', 'aud is not this server; see auth.issuers.test.audience'],
      ['notYetValid', 'credential-claims', 'nbf is in the future'],
      ['wrongIssuer', 'credential-unknown', 'iss is none of auth.issuers'],
      ['wrongSignature', 'credential-unknown', 'its signature is not by its key'],
      ['hs256', 'credential-claims', 'alg is not in auth.issuers.test.algorithms'],
      ['unsigned', 'credential-claims', 'alg is not in auth.issuers.test.algorithms'],
    ] as const;

    it.for(wrong)('%s is refused as %s: %s', async ([kind, reason, detail]) => {
      const token = await createJwtTokens(issuer, OPTIONS)[kind]();
      expect(await judge(verifiers.jwt, token)).toEqual(refused(reason, detail));
    });

    it('valid is accepted with its scope', async () => {
      const tokens = createJwtTokens(issuer, OPTIONS);
      expect(await judge(verifiers.jwt, await tokens.valid())).toMatchObject(accepted('file:read'));
      expect(await judge(verifiers.asked, await tokens.valid())).toMatchObject(accepted('file:read'));
    });

    it('wrongScope is accepted, and gives nothing that a server knows', async () => {
      const verdict = await judge(verifiers.asked, await createJwtTokens(issuer, OPTIONS).wrongScope());
      expect(verdict).toMatchObject(accepted('latchkey-testing:nothing'));
    });

    it('revoked is refused by who asks the issuer, and by nobody else', async () => {
      const token = await createJwtTokens(issuer, OPTIONS).revoked();
      expect(await judge(verifiers.asked, token)).toMatchObject({ kind: 'reject', reason: 'credential-unknown' });
      expect(await judge(verifiers.jwt, token)).toMatchObject(accepted('file:read'));
    });
  });

  it('have the claims they are given, and else those of the issuer', async () => {
    await start({ audience: RESOURCE, subject: 'bob' });
    const tokens = createJwtTokens(issuer);
    const token = await tokens.valid({ scope: 'a b' });
    expect(await judge(verifiers.jwt, token)).toMatchObject({
      principal: { subject: 'bob', client: 'test-client', scopes: new Set(['a', 'b']) },
    });
    const other = await tokens.wrongSignature({ sub: 'carol' });
    expect(Buffer.from(other.split('.')[1] ?? '', 'base64url').toString()).toContain('"sub":"carol"');
  });

  it('cannot be made without a key', async () => {
    await start();
    issuer.removeKey(issuer.keys[0]!.kid);
    const tokens = createJwtTokens(issuer);
    await expect(tokens.valid()).rejects.toThrow(TypeError);
    expect(() => tokens.hs256()).toThrow(TypeError);
  });
});

describe('createOpaqueTokens', () => {
  beforeEach(() => start({ format: 'opaque' }));

  const inactive = 'the issuer does not say that it is active';
  const wrong = [
    ['expired', 'credential-unknown', inactive],
    ['revoked', 'credential-unknown', inactive],
    ['notYetValid', 'credential-unknown', inactive],
    ['unknown', 'credential-unknown', inactive],
    ['wrongAudience', 'credential-audience', 'aud is not this server; see auth.issuers.test.audience'],
  ] as const;

  it.for(wrong)('%s is refused as %s: %s', async ([kind, reason, detail]) => {
    const token = await createOpaqueTokens(issuer, OPTIONS)[kind]();
    expect(await judge(verifiers.lookup, token)).toEqual(refused(reason, detail));
  });

  it('valid and wrongScope are accepted with their scopes', async () => {
    const tokens = createOpaqueTokens(issuer, OPTIONS);
    expect(await judge(verifiers.lookup, await tokens.valid())).toMatchObject(accepted('file:read'));
    expect(await judge(verifiers.lookup, await tokens.wrongScope())).toMatchObject(
      accepted('latchkey-testing:nothing'),
    );
    expect(await judge(verifiers.lookup, await tokens.valid({ scope: 'x' }))).toMatchObject(accepted('x'));
  });
});
