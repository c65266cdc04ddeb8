import { bytesOf } from '../core/bytes.ts';
import { createKept } from '../core/kept.ts';
import type { IssuerMetadata, LoadMetadata } from '../core/issuer.ts';
import { isSafe, OutgoingError, type Outgoing } from '../core/outgoing.ts';
import { parseStrict } from '../core/parse-strict.ts';

export interface DiscoveryOptions {
  /** Issuer identifier. */
  readonly issuer: string;
  readonly outgoing: Outgoing;
  /** Metadata of an issuer without discovery; null: they are fetched. */
  readonly given: Readonly<Record<string, unknown>> | null;
}

const FRESH_MS = 3_600_000;
const MAX_AGE_MS = 24 * FRESH_MS;

/** The issuer's metadata (RFC 8414 §3, OpenID Connect Discovery 1.0 §4): asked for once an hour, serving for a day. */
export function createDiscovery({ issuer, outgoing, given }: DiscoveryOptions): LoadMetadata {
  if (given !== null) {
    const metadata = readMetadata({ issuer, ...given }, issuer);
    return () =>
      typeof metadata === 'string' ? Promise.reject(new OutgoingError(metadata)) : Promise.resolve(metadata);
  }
  const kept = createKept({
    load: async () => ({ value: await discover(issuer, outgoing), freshMs: FRESH_MS }),
    maxAgeMs: MAX_AGE_MS,
  });
  return (now) => kept.get(now);
}

/** Where metadata may stand, in the order of MCP 2026-07-28 (Authorization Server Metadata Discovery). */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const inserted = (name: string): string => `${origin}/.well-known/${name}${path}`;
  const both = [inserted('oauth-authorization-server'), inserted('openid-configuration')];
  return path === '' ? both : [...both, `${origin}${path}/.well-known/openid-configuration`];
}

async function discover(issuer: string, outgoing: Outgoing): Promise<IssuerMetadata> {
  const failures: string[] = [];
  for (const url of metadataUrls(issuer)) {
    // A request without an answer ends it: the others would go to the same host.
    const { status, body } = await outgoing({ method: 'GET', url });
    const found = status === 200 ? readMetadata(parseStrict(bytesOf(body)), issuer) : `status ${status}`;
    if (typeof found !== 'string') return found;
    failures.push(`${new URL(url).pathname}: ${found}`);
  }
  throw new OutgoingError(`${new URL(issuer).host}: no metadata (${failures.join('; ')})`);
}

/** The document, where it is the issuer's own; else what is wrong with it. */
function readMetadata(document: unknown, issuer: string): IssuerMetadata | string {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return 'not a JSON object';
  const members = document as Record<string, unknown>;
  // RFC 8414 §3.3: or one issuer could speak for another.
  if (members['issuer'] !== issuer) return 'its issuer is another than the configured one';
  const wrong = ENDPOINTS.find((name) => members[name] !== undefined && !isEndpoint(members[name], issuer));
  if (wrong !== undefined) return `its ${wrong} is no https URL`;
  const endpoint = (name: (typeof ENDPOINTS)[number]): string | null => (members[name] as string | undefined) ?? null;
  return {
    issuer,
    authorizationEndpoint: endpoint('authorization_endpoint'),
    tokenEndpoint: endpoint('token_endpoint'),
    registrationEndpoint: endpoint('registration_endpoint'),
    jwksUri: endpoint('jwks_uri'),
    introspectionEndpoint: endpoint('introspection_endpoint'),
    userinfoEndpoint: endpoint('userinfo_endpoint'),
    document: members,
  };
}

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'jwks_uri',
  'introspection_endpoint',
  'userinfo_endpoint',
] as const;

/** https; http only at an issuer on this machine, so that one elsewhere cannot point at what is reachable from here. */
function isEndpoint(value: unknown, issuer: string): boolean {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  const own = URL.parse(issuer);
  return url.protocol === 'https:' || (isSafe(url) && own?.protocol === 'http:' && isSafe(own));
}
