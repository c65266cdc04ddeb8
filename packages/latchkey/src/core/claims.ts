import type { IssuerRules, ScopeMapping } from './issuer.ts';
import type { Principal } from './principal.ts';
import { isRuleScope } from './scope-token.ts';
import { reject, type Rejection } from './verifier.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** When a token is good. Epoch milliseconds; null where its claims do not say. */
export interface Span {
  readonly notBefore: number | null;
  readonly expiresAt: number | null;
}

/** What claims say once they were held against the issuer's rules; the moment and the resource are still to be judged. */
export interface Holder extends Span {
  readonly kind: 'holder';
  readonly principal: Principal;
  readonly audiences: readonly string[];
}

export interface ReadingClaims {
  readonly rules: IssuerRules;
  readonly kind: 'jwt' | 'introspected' | 'userinfo';
  /** Epoch milliseconds. */
  readonly now: number;
  /** Hex SHA-256 of a text that is too long or too odd to be part of an id; asked of `toOddTexts` only. */
  readonly digest: (text: string) => string;
}

/** Clocks of issuers may differ from ours by this (RFC 7519 §4.1.4). */
export const LEEWAY_MS = 30_000;

const LONGEST = 8192;
const PLAIN = /^(?!sha256-)[\w.@|+=:-]{1,128}$/;
const CLIENT_CLAIMS = ['client_id', 'azp', 'cid', 'appid'] as const;

/**
 * Reads who the holder is, and everything in the claims that neither the resource nor the moment changes (RFC 9068 §4,
 * RFC 7662 §2.2). `iss` must be exactly the issuer's, `sub` and, in a JWT, `exp` must be there.
 */
export function readClaims(claims: Claims, reading: ReadingClaims): Holder | Rejection {
  const { rules, kind, now } = reading;
  const wrong = findWrongClaim(claims, reading);
  if (wrong !== null) return reject('credential-claims', `${wrong} is not as it must be`);
  const audiences = toAudiences(claims['aud'] === undefined ? standIn(claims, rules) : claims['aud']);
  if (audiences === null) return rejectAudience('missing or odd', rules);
  const issuedAt = toMoment(claims['iat']);
  if (issuedAt !== null && issuedAt > now + LEEWAY_MS) return reject('credential-claims', 'iat is in the future');
  const client = toClient(claims);
  if (rules.clients !== null && (client === null || !rules.clients.includes(client)))
    return reject('credential-client', `its client is not among auth.issuers.${rules.name}.clients`);
  const subject = claims['sub'] as string;
  const name = `${rules.name}:${toId(subject, reading)}`;
  const expiresAt = toMoment(claims['exp']);
  const principal: Principal = Object.freeze({
    id: `issuer:${name}`,
    kind,
    name,
    client: client === null ? null : toId(client, reading),
    scopes: toScopes(claims, rules.scopes),
    servers: null,
    // With the leeway, as what was let in may end its work.
    expiresAt: expiresAt === null ? null : expiresAt + LEEWAY_MS,
    credentialId: null,
    issuer: rules.issuer,
    subject,
    keyThumbprint: findBinding(claims) ?? null,
  });
  return { kind: 'holder', principal, audiences, notBefore: toMoment(claims['nbf']), expiresAt };
}

/** The texts of claims that are part of ids by their digests only. */
export function toOddTexts(claims: Claims): readonly string[] {
  return [claims['sub'], toClient(claims)].filter(
    (text): text is string => typeof text === 'string' && !PLAIN.test(text),
  );
}

/** Of a digest 128 bits are enough. */
function toId(text: string, { digest }: ReadingClaims): string {
  return PLAIN.test(text) ? text : `sha256-${digest(text).slice(0, 32)}`;
}

/** Why the holder may not come in at this moment to what has these URLs; null when nothing is against it. */
export function judgeHolder(
  holder: Holder,
  {
    rules,
    resources,
    now,
  }: { readonly rules: IssuerRules; readonly resources: readonly string[]; readonly now: number },
): Rejection | null {
  const untimely = judgeSpan(holder, now);
  if (untimely !== null) return untimely;
  const ours = rules.audiences ?? resources;
  const isOurs = (audience: string): boolean => ours.includes(audience);
  const fits = rules.foreignAudiences ? holder.audiences.some(isOurs) : holder.audiences.every(isOurs);
  return fits ? null : rejectAudience('not this server', rules);
}

function rejectAudience(what: string, { name }: IssuerRules): Rejection {
  return reject('credential-audience', `aud is ${what}; see auth.issuers.${name}.audience`);
}

/** Why a token is not good at this moment, clocks that differ allowed for; null when nothing is against it. */
export function judgeSpan({ notBefore, expiresAt }: Span, now: number): Rejection | null {
  if (expiresAt !== null && expiresAt + LEEWAY_MS <= now) return reject('credential-expired', 'exp is past');
  if (notBefore !== null && notBefore - LEEWAY_MS > now) return reject('credential-claims', 'nbf is in the future');
  return null;
}

/** The name of the first claim that no token may have like this; null when there is none. */
function findWrongClaim(claims: Claims, { rules, kind }: ReadingClaims): string | null {
  const { iss, sub } = claims;
  // An introspection answer may leave the issuer out: it came from there.
  if (iss !== rules.issuer && !(iss === undefined && kind !== 'jwt')) return 'iss';
  if (!isText(sub)) return 'sub';
  if (kind === 'jwt' && claims['exp'] === undefined) return 'exp';
  // A client that is no text is no reason to believe another claim; null is how some issuers say that there is none.
  const odd = findOddMoment(claims) ?? CLIENT_CLAIMS.find((name) => !isText(claims[name] ?? name));
  if (odd !== undefined) return odd;
  if (findBinding(claims) === undefined) return 'cnf';
  for (const [name, wanted] of Object.entries(rules.required))
    if (![wanted].flat().includes(findClaim(claims, name) as string)) return name;
  return null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST;
}

/** The name of the first claim about time that is no time. */
export function findOddMoment(claims: Claims): string | undefined {
  return ['exp', 'nbf', 'iat'].find((name) => claims[name] !== undefined && toMoment(claims[name]) === null);
}

/** NumericDate (RFC 7519 §2) in milliseconds; null for what is none. */
export function toMoment(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value < 1e11 ? Math.floor(value * 1000) : null;
}

function standIn(claims: Claims, { audienceClaim }: IssuerRules): unknown {
  return audienceClaim === undefined ? undefined : findClaim(claims, audienceClaim);
}

/** RFC 7519 §4.1.3: one text or a list of them; null for anything else. */
function toAudiences(aud: unknown): readonly string[] | null {
  const list = typeof aud === 'string' ? [aud] : aud;
  if (!Array.isArray(list) || list.length === 0 || list.length > 100) return null;
  return list.every(isText) ? list : null;
}

/**
 * The thumbprint of the key that a token is bound to by what is said of it (RFC 9449 §6); null for a token that is bound to
 * nothing, undefined for one that is bound to something that cannot be checked here: to no key, or to one that is not named.
 */
export function findBinding(claims: Claims): string | null | undefined {
  if (claims['cnf'] !== undefined) return toThumbprint(claims['cnf']);
  // Where products say of a token that it is bound.
  return [claims['token_type'], claims['typ']].some((kind) => /^dpop$/i.test(String(kind))) ? undefined : null;
}

function toThumbprint(cnf: unknown): string | undefined {
  if (typeof cnf !== 'object' || cnf === null || Object.keys(cnf).length !== 1) return undefined;
  const jkt = Object.hasOwn(cnf, 'jkt') ? (cnf as { jkt: unknown }).jkt : null;
  return typeof jkt === 'string' && /^[\w-]{43}$/.test(jkt) ? jkt : undefined;
}

/** Of claims that were not looked at yet it may be no text. */
function toClient(claims: Claims): string | null {
  return (CLIENT_CLAIMS.map((name) => claims[name]).find(Boolean) ?? null) as string | null;
}

/** What the claims give by the mapping. `*` stands for every scope, so only the operator may give it. */
export function toScopes(claims: Claims, { always, claims: names, table }: ScopeMapping): ReadonlySet<string> {
  const scopes = new Set<string>(always);
  for (const name of names) {
    const value = findClaim(claims, name);
    const words = typeof value === 'string' ? value.split(' ') : toTexts(value);
    for (const word of words) if (isRuleScope(word)) scopes.add(word);
  }
  for (const [name, given] of Object.entries(table))
    for (const value of toValues(findClaim(claims, name)))
      if (Object.hasOwn(given, value)) for (const scope of given[value] as readonly string[]) scopes.add(scope);
  return scopes;
}

/** A text as a list of it, or the texts of a list. */
function toTexts(value: unknown): readonly string[] {
  return [value].flat().filter((each) => typeof each === 'string');
}

/** What the table may name: a text, the texts of a list, or the keys of an object, as Zitadel writes roles. */
function toValues(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : toTexts(value);
}

/** The claim of that name, or else at that path of names joined with dots (names may have dots of their own). */
function findClaim(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let at: unknown = claims;
  for (const step of name.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}
