import { expectOptions } from '../core/expect-options.ts';
import type { TestIssuer } from './test-issuer.ts';

/** What the made tokens have in common. */
export interface IssuerTokensOptions {
  /** What the server under test calls itself: its `resource`, or what its verifier takes for one. Default: the issuer's. */
  readonly audience?: string;
  /** Scopes with a space between them that the server under test gives rights for. Default: the issuer's `mcp`. */
  readonly scope?: string;
}

/** Makes one token; `claims` go over what it would say otherwise. */
export type MakeToken = (claims?: object) => Promise<string>;

/** Another server, and another issuer. */
export const OTHER = 'https://other.example/';
/** A scope that no server gives rights for. */
export const OTHER_SCOPE = 'latchkey-testing:nothing';

export function toPresets(of: string, options: IssuerTokensOptions): object {
  expectOptions(of, options, { audience: null, scope: null });
  const { audience, scope } = options;
  return { ...(audience !== undefined && { aud: audience }), ...(scope !== undefined && { scope }) };
}

/** `iat` and `exp`, in hours from now. */
export function inHours(from: number, to: number): object {
  return { iat: secondsIn(from), exp: secondsIn(to) };
}

/** From in an hour to in two; it was issued now. */
export function notYet(): object {
  return { nbf: secondsIn(1), exp: secondsIn(2) };
}

export async function revoked(issuer: TestIssuer, issuing: Promise<string>): Promise<string> {
  const token = await issuing;
  issuer.revoke(token);
  return token;
}

function secondsIn(hours: number): number {
  return Math.floor(Date.now() / 1000) + hours * 3600;
}
