import { describe, expect, it } from 'vitest';
import { isJose, parseToken, type ParsedToken } from './parse-token.ts';

const base64Url = (text: string): string => Buffer.from(text).toString('base64url');
const tokenOf = (header: string, payload: string): string => `${base64Url(header)}.${base64Url(payload)}.AAAA`;

const AMBIGUOUS_HEADER = 'its header is not one unambiguous JSON object';
const AMBIGUOUS_PAYLOAD = 'its payload is not one unambiguous JSON object';

describe('parseToken', () => {
  it('takes a token apart', () => {
    const token = tokenOf('{"alg":"ES256"}', '{"iss":"i","more":[1]}');
    const parsed = parseToken(token) as ParsedToken;
    expect(parsed).toMatchObject({ header: { alg: 'ES256' }, claims: { iss: 'i', more: [1] } });
    expect(Buffer.from(parsed.input).toString()).toBe(token.slice(0, token.lastIndexOf('.')));
    expect([...parsed.signature]).toEqual([0, 0, 0]);
  });

  it.each(['null', '[]', '"text"', '1', '', '{"a":1,"a":2}', '{} {}'])('refuses %j in place of an object', (text) => {
    expect(parseToken(tokenOf(text, '{}'))).toBe(AMBIGUOUS_HEADER);
    expect(parseToken(tokenOf('{}', text))).toBe(AMBIGUOUS_PAYLOAD);
  });

  it.each('alg kid typ cty crit jku jwk x5u x5c b64 zip enc'.split(' '))(
    'refuses a header with a name that some readers take for %s',
    (name) => {
      const header = JSON.stringify({ [name]: 1, [name.toUpperCase()]: 2 });
      expect(parseToken(tokenOf(header, '{}'))).toBe(AMBIGUOUS_HEADER);
    },
  );

  it.each(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'cnf'])(
    'refuses a payload with a name that some readers take for %s',
    (name) => {
      const payload = JSON.stringify({ [name]: 1, [name.toUpperCase()]: 2 });
      expect(parseToken(tokenOf('{}', payload))).toBe(AMBIGUOUS_PAYLOAD);
    },
  );

  it('takes claims that issuers write in two ways', () => {
    const token = tokenOf('{}', '{"client_id":"a","clientId":"a"}');
    expect(parseToken(token)).toMatchObject({ claims: { client_id: 'a', clientId: 'a' } });
  });
});

describe('isJose', () => {
  it.each<[string, 3 | 5, boolean]>([
    ['eyJ.e30.s', 3, true],
    ['ew.e30.s', 3, true],
    ['e_.e30.s', 3, true],
    ['ev.e30.s', 3, false],
    ['fyJ.ew.s', 3, false],
    ['.ew.', 3, false],
    ['eyJ.e30', 3, false],
    ['eyJ.e30.s.t', 3, false],
    ['eyJ.a.b.c.d', 5, true],
    ['eyJ.e30.s', 5, false],
  ])('%s of %i parts: %s', (text, parts, expected) => {
    expect(isJose(text, parts)).toBe(expected);
  });
});
