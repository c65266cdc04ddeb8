import { describe, expect, it } from 'vitest';
import { OutgoingError, type OutgoingAnswer, type OutgoingRequest } from '../../core/outgoing.ts';
import { Secret } from '../../core/secret.ts';
import { requestToken, type TokenRequest } from './request-token.ts';

const NOW = 1_800_000_000_000;
const sent: OutgoingRequest[] = [];

const ask = (answer: Partial<OutgoingAnswer> & { readonly json?: unknown }, more: Partial<TokenRequest> = {}) =>
  requestToken({
    outgoing: (request) => {
      sent.push(request);
      return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(answer.json ?? {}), ...answer });
    },
    authenticate: (form, { endpoint, issuer }) => {
      form.set('proof', `${issuer} ${endpoint}`);
      return Promise.resolve(['authorization', 'Basic x']);
    },
    server: { issuer: 'https://as.example', endpoint: 'https://as.example/token' },
    form: new URLSearchParams({ grant_type: 'client_credentials' }),
    exchange: false,
    now: NOW,
    ...more,
  });

const reasonOf = async (...given: Parameters<typeof ask>): Promise<unknown> => {
  const found = await ask(...given);
  return 'reason' in found ? found.reason : found;
};

const wrong = (error: string) => ({ status: 400, json: { error } });

describe('requestToken', () => {
  it('sends the grant with the proof of the client', async () => {
    const found = await ask({ json: { access_token: 'abc', token_type: 'bEARER', expires_in: 60 } });
    expect(found).toEqual({ secret: new Secret('abc'), expiresAt: NOW + 60_000 });
    expect(sent.at(-1)).toEqual({
      method: 'POST',
      url: 'https://as.example/token',
      headers: ['content-type', 'application/x-www-form-urlencoded', 'authorization', 'Basic x'],
      body: 'grant_type=client_credentials&proof=https%3A%2F%2Fas.example+https%3A%2F%2Fas.example%2Ftoken',
    });
  });

  it('reads how long the token lives, and takes no word for longer than a day', async () => {
    const lives: readonly (readonly [unknown, number])[] = [
      [3600, 3600],
      ['3600', 3600],
      [undefined, 300],
      ['soon', 300],
      [-5, 300],
      [0, 300],
      [1e9, 86_400],
      [null, 300],
    ];
    for (const [life, seconds] of lives) {
      const found = await ask({ json: { access_token: 'abc', token_type: 'Bearer', expires_in: life } });
      expect({ life, found }).toMatchObject({ life, found: { expiresAt: NOW + seconds * 1000 } });
    }
  });

  it.each([
    ['no token', { json: { token_type: 'Bearer' } }],
    ['not JSON', { body: 'access_token=x&token_type=bearer' }],
    ['a list', { json: [] }],
    ['a number', { json: { access_token: 7, token_type: 'Bearer' } }],
    ['an empty token', { json: { access_token: '', token_type: 'Bearer' } }],
    ['a line end', { json: { access_token: 'a\r\nX-Evil: 1', token_type: 'Bearer' } }],
    ['a space', { json: { access_token: 'a b', token_type: 'Bearer' } }],
    ['characters beyond Latin-1', { json: { access_token: 'a\u010a\u010d', token_type: 'Bearer' } }],
    ['17,000 characters', { json: { access_token: 'a'.repeat(17_000), token_type: 'Bearer' } }],
    ['two tokens', { body: '{"access_token":"a","access_token":"b","token_type":"Bearer"}' }],
    ['another status', { status: 201, json: { access_token: 'abc', token_type: 'Bearer' } }],
    ['a redirect', { status: 307 }],
    ['an error of its own', { status: 500, json: { error: 'invalid_client' } }],
    ['an error nobody knows', { status: 400, json: { error: 'text of anybody' } }],
    ['too many requests', { status: 429 }],
  ])('takes the issuer for unavailable: %s', async (_what, answer) => {
    expect(await reasonOf(answer)).toBe('issuer-unavailable');
  });

  it('takes no token that is not sent as a bearer token, or is none for access', async () => {
    for (const json of [
      { access_token: 'abc', token_type: 'DPoP' },
      { access_token: 'abc' },
      { access_token: 'abc', token_type: 'N_A' },
      { access_token: 'a', token_type: 'Bearer', issued_token_type: 'urn:ietf:params:oauth:token-type:saml2' },
    ])
      expect(await reasonOf({ json })).toBe('upstream-invalid');
    const exchanged = {
      access_token: 'a',
      token_type: 'Bearer',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    };
    expect(await ask({ json: exchanged }, { exchange: true })).toHaveProperty('secret');
  });

  it('tells a caller whose token is not exchanged from a gateway that is not taken', async () => {
    for (const error of ['invalid_request', 'invalid_grant', 'access_denied', 'invalid_token']) {
      expect(await reasonOf(wrong(error), { exchange: true })).toBe('policy-denied');
      expect(await reasonOf(wrong(error))).toBe('upstream-invalid');
    }
    for (const error of ['invalid_client', 'unauthorized_client', 'invalid_target', 'unsupported_grant_type'])
      expect(await reasonOf(wrong(error), { exchange: true })).toBe('upstream-invalid');
  });

  it('never rejects, and shows nothing of what went wrong with a key', async () => {
    const gone = await ask({}, { outgoing: () => Promise.reject(new OutgoingError('as.example: ECONNREFUSED')) });
    expect(gone).toMatchObject({ reason: 'issuer-unavailable', detail: 'as.example: ECONNREFUSED' });
    const odd = await ask({}, { authenticate: () => Promise.reject(new Error('-----BEGIN PRIVATE KEY-----')) });
    expect(odd).toMatchObject({ reason: 'upstream-invalid' });
    expect(JSON.stringify(odd)).not.toContain('BEGIN');
  });
});
