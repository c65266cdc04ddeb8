import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { Secret } from '../core/secret.ts';
import type { IssuerKey } from './issuer-keys.ts';
import { listOf } from './metadata.ts';
import type { Site } from './site.ts';

/** A token that nobody issued. */
export const MADE_UP = new Secret('latchkey-check-made-up-token-0000000000000000');

type Sign = (signingInput: string) => Buffer;

/** A JWT without a signature (RFC 7519 §6). */
export function createUnsignedToken(site: Site): Secret {
  return createToken(site, { alg: 'none' }, () => Buffer.alloc(0));
}

/** A JWT that is signed with a key of ours, which it brings along, under the name of one of the issuer's. */
export function createForeignToken(site: Site, like: IssuerKey | null): Secret {
  const { publicKey, privateKey } =
    like?.algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const header = { alg: like?.algorithm ?? 'RS256', kid: like?.kid ?? 'latchkey-check' };
  return createToken(site, { ...header, jwk: publicKey.export({ format: 'jwk' }) }, (input) =>
    sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  );
}

/** A JWT whose HMAC has that text for its secret. */
export function createHmacToken(site: Site, secret: string, kid: string | null): Secret {
  return createToken(site, { alg: 'HS256', ...(kid === null ? {} : { kid }) }, (input) =>
    createHmac('sha256', secret).update(input).digest(),
  );
}

/** It says what the server would like to hear. */
function createToken(site: Site, header: object, signature: Sign): Secret {
  const json = site.documents.find((document) => document.json !== null)?.json ?? {};
  const iss = listOf(json, 'authorization_servers')[0] ?? site.url.origin;
  const aud = typeof json['resource'] === 'string' ? json['resource'] : site.url.href;
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss, sub: 'latchkey-check', aud, iat, exp: iat + 600, scope: '*' };
  const input = [{ ...header, typ: 'JWT' }, claims].map((part) => toBase64url(JSON.stringify(part))).join('.');
  return new Secret(`${input}.${signature(input).toString('base64url')}`);
}

function toBase64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
