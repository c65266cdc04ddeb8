import { createHash } from 'node:crypto';
import type { Answer, IssuerRequest, TestIssuer } from '../fixtures/issuer.ts';
import { startJwtSite, type JwtSite, type JwtSiteOptions } from './jwt-site.ts';

/** A gateway that asks one issuer made by hand about opaque tokens. */
export interface LookupSite extends JwtSite {
  /** What the issuer says of a token that may call `echo`, with these members over it. */
  claims(over?: object): object;
  /** A new opaque token of which the issuer says this. */
  token(answer: Answer): string;
  /** A new opaque token for `echo`, with these members over what the issuer says of it. */
  goodToken(over?: object): string;
}

export const GATEWAY_SECRET = 'p:w %+~&=';
export const CLIENT = { id: 'gate way:1', secret: { env: 'LOOKUP_SECRET' } };
/** What client_secret_basic makes of them (RFC 6749 §2.3.1). */
export const BASIC = `Basic ${Buffer.from('gate+way%3A1:p%3Aw+%25%2B%7E%26%3D').toString('base64')}`;

let made = 0;

/** No two are the same, and none looks like a JWT or a token of the gateway's own. */
export function newToken(prefix = 'opaque-'): string {
  made += 1;
  return `${prefix}${createHash('sha256').update(`${process.pid}-${made}`).digest('base64url')}`;
}

export async function startLookupSite({ settings, env, ...options }: JwtSiteOptions = {}): Promise<LookupSite> {
  const site = await startJwtSite({
    ...options,
    settings: { client: CLIENT, introspection: true, ...settings },
    env: { LOOKUP_SECRET: GATEWAY_SECRET, ...env },
  });
  const claims = (over: object = {}): object => ({
    active: true,
    sub: 'alice',
    aud: site.gateway.url,
    client_id: 'test-client',
    scope: 'file:read',
    exp: Math.floor(Date.now() / 1000) + 300,
    ...over,
  });
  const token = (answer: Answer): string => {
    const text = newToken();
    site.issuer.introspect(text, answer);
    return text;
  };
  return { ...site, claims, token, goodToken: (over) => token(claims(over)) };
}

/** JSON as it stands, right or not. */
export function rawJson(text: string): Response {
  return new Response(text, { headers: { 'content-type': 'application/json' } });
}

/** The tokens that an issuer was asked about at a path, in order. */
export function askedAbout({ requests }: TestIssuer, path = '/introspect'): readonly string[] {
  return requests.filter((request) => request.path === path).map(tokenOf);
}

function tokenOf({ body, headers }: IssuerRequest): string {
  return new URLSearchParams(body).get('token') ?? headers.authorization?.replace(/^\w+ /, '') ?? '';
}
