import { expect } from 'vitest';
import { createDpopClient, type DpopClient, type Proving } from '../fixtures/dpop-client.ts';
import { headerValue, headerValues, type RawAnswer } from '../fixtures/raw-http.ts';
import { expectUpstreamUntouched, send, type Call, type Door, type Site, type Spy } from './harness.ts';

/** Some client's key, for tests that need no other. */
export const client: DpopClient = createDpopClient();
export const otherClient: DpopClient = createDpopClient();

/** What binds a token to a client's key (RFC 9449 §6.1). */
export const boundTo = ({ thumbprint }: DpopClient): object => ({ cnf: { jkt: thumbprint } });

type Proof = Partial<Proving> & { readonly by?: DpopClient };

/** A right proof for a POST to the site's MCP endpoint, with what the second argument changes. */
export function proofFor(site: Door, { by = client, ...proving }: Proof & { readonly token: string }): string {
  return by.prove({ url: site.gateway.url, ...proving });
}

/** A call with that token and proof by the DPoP scheme; without a proof there is no such header. */
export function dpopCall(token: string, proof: string | readonly string[] | null, call: Call = {}): Call {
  return { ...call, token: null, headers: { Authorization: `DPoP ${token}`, DPoP: proof, ...call.headers } };
}

/** Sends M0, or what `call` makes of it, with a right proof that `change` may make a wrong one. */
export function sendProved(site: Door, token: string, change: Proof = {}, call: Call = {}): Promise<RawAnswer> {
  return send(site, dpopCall(token, proofFor(site, { token, ...change }), call));
}

/** The challenges of an answer, by scheme; each must be one line with no parameter twice (RFC 9449 §7.1). */
export function challengesOf(answer: RawAnswer): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const found: Record<string, Record<string, string>> = {};
  for (const value of headerValues(answer, 'www-authenticate')) {
    expect(value).toMatch(
      /^(?:Bearer|DPoP) [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(?:, [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*")*$/,
    );
    const [scheme = ''] = value.split(' ', 1);
    const parameters = [...value.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = '', text = '']) => [name, text]);
    expect(new Set(parameters.map(([name]) => name)).size).toBe(parameters.length);
    expect(found).not.toHaveProperty(scheme);
    found[scheme] = Object.fromEntries(parameters) as Record<string, string>;
  }
  return found;
}

const ALGORITHMS = /^(?=.*\bES256\b)(?:(?:[EPR]S(?:256|384|512)|EdDSA|Ed25519)(?: (?!$)|$))+$/;

/** Asserts that this is 401 with the one DPoP challenge for a proof that will not do. */
export function expectProofChallenge(answer: RawAnswer, error = 'invalid_dpop_proof'): void {
  expect(answer.status).toBe(401);
  const challenges = challengesOf(answer);
  expect(Object.keys(challenges)).toEqual(['DPoP']);
  expect(challenges['DPoP']).toMatchObject({
    error,
    algs: expect.stringMatching(ALGORITHMS),
    resource_metadata: expect.stringContaining('/.well-known/oauth-protected-resource/'),
  });
  expect(headerValue(answer, 'cache-control')).toBe('no-store');
}

/** Asserts that this is 401 with a challenge that says, by the DPoP scheme, that the token is not for this caller. */
export function expectTokenChallenge(answer: RawAnswer): void {
  expect(answer.status).toBe(401);
  expect(challengesOf(answer)['DPoP']).toMatchObject({
    error: 'invalid_token',
    algs: expect.stringMatching(ALGORITHMS),
  });
}

/** Calls, by what is wrong with each: every one gets this challenge, and none reaches the spy. */
export async function expectProofsRefused(
  site: Site<Spy>,
  calls: Readonly<Record<string, Call>>,
  judge: (answer: RawAnswer) => void = expectProofChallenge,
): Promise<void> {
  await expectUpstreamUntouched(site, async () => {
    for (const [mistake, call] of Object.entries(calls)) {
      const answer = await send(site, call);
      try {
        judge(answer);
      } catch (error) {
        throw new Error(`${mistake}: ${answer.status} ${JSON.stringify(answer.headers)}`, { cause: error });
      }
    }
  });
}
