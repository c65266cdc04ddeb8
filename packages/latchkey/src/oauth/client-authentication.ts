import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { AuthenticateClient, ClientCredentials } from '../core/issuer.ts';
import { LatchkeyError } from '../core/error.ts';
import { parseClientKey } from './client-key.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ASSERTION_SECONDS = 60;

/**
 * The gateway's proof that it is this client, in the way its credentials say. Asks nobody anything. Throws a
 * LatchkeyError when the secret is missing or is no key that could sign.
 */
export function createClientAuthentication(credentials: ClientCredentials): AuthenticateClient {
  switch (credentials.method) {
    case 'client_secret_basic':
      return byHeader(credentials);
    case 'client_secret_post':
      return byForm(credentials);
    case 'private_key_jwt':
      return byAssertion(credentials);
    case 'none':
      return async (form) => {
        form.set('client_id', credentials.id);
        return [];
      };
  }
}

function byHeader({ id, secret }: ClientCredentials): AuthenticateClient {
  // RFC 6749 §2.3.1: both are form-urlencoded first, so a colon or any other character may be in them.
  const pair = `${encodeFormText(id)}:${encodeFormText(reveal(id, secret))}`;
  const headers = ['authorization', `Basic ${Buffer.from(pair).toString('base64')}`];
  return async () => headers;
}

function byForm({ id, secret }: ClientCredentials): AuthenticateClient {
  const text = reveal(id, secret);
  return async (form) => {
    form.set('client_id', id);
    form.set('client_secret', text);
    return [];
  };
}

/**
 * RFC 7523 §2.2 as RFC 7523bis sharpens it: the audience is the issuer identifier alone, whichever endpoint is asked,
 * so that no endpoint of somebody else can pass the assertion on; the type keeps it from being taken for another JWT.
 */
function byAssertion({ id, secret }: ClientCredentials): AuthenticateClient {
  const { key, alg, kid } = parseClientKey(id, reveal(id, secret));
  const header = { alg, typ: 'client-authentication+jwt', ...(kid === null ? {} : { kid }) };
  return async (form, { issuer, now }) => {
    const seconds = Math.floor(now / 1000);
    const claims = { iss: id, sub: id, aud: issuer, jti: randomUUID(), iat: seconds, exp: seconds + ASSERTION_SECONDS };
    form.set('client_id', id);
    form.set('client_assertion_type', ASSERTION_TYPE);
    form.set('client_assertion', await new SignJWT(claims).setProtectedHeader(header).sign(key));
    return [];
  };
}

function reveal(id: string, secret: ClientCredentials['secret']): string {
  if (secret !== null) return secret.reveal();
  throw new LatchkeyError('E_SECRET_MISSING', `the client ${id} has no secret to prove itself with`, {
    hint: 'set client.secret of the issuer, or client.auth: none where it asks for no proof',
  });
}

function encodeFormText(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
