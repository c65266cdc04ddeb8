import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { isObject } from './read-message.ts';
import { loadDocument, toUrl } from './metadata.ts';
import type { Site } from './site.ts';

/** A public key of an authorization server. */
export interface IssuerKey {
  readonly key: KeyObject;
  /** The usual one to sign with such a key (RFC 7518 §3.1). */
  readonly algorithm: 'RS256' | 'ES256';
  readonly kid: string | null;
}

/** The first key in the published sets that signs with RSA or P-256; null where there is none. */
export async function loadIssuerKey(site: Pick<Site, 'issuers' | 'send'>): Promise<IssuerKey | null> {
  for (const { json, url } of site.issuers.flatMap(({ documents }) => documents)) {
    const place = toUrl(json?.['jwks_uri']);
    if (place === null) continue;
    const { json: set } = await loadDocument(site.send, place, url);
    const jwks: readonly unknown[] = Array.isArray(set?.['keys']) ? set['keys'] : [];
    for (const jwk of jwks) {
      const key = isObject(jwk) ? readKey(jwk) : null;
      if (key !== null) return key;
    }
  }
  return null;
}

function readKey(jwk: Readonly<Record<string, unknown>>): IssuerKey | null {
  const algorithm = jwk['kty'] === 'RSA' ? 'RS256' : jwk['kty'] === 'EC' && jwk['crv'] === 'P-256' ? 'ES256' : null;
  if (algorithm === null || jwk['use'] === 'enc') return null;
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    return { key, algorithm, kid: typeof jwk['kid'] === 'string' ? jwk['kid'] : null };
  } catch {
    return null;
  }
}
