import { describe, expect, it } from 'vitest';
import { judgeHeader, toType } from './judge-header.ts';

const FORM = { name: 'corp', algorithms: ['RS256', 'ES256'], types: ['at+jwt', ''] };
const GOOD = { alg: 'ES256', kid: 'one', typ: 'at+jwt' };
const NO_ALGORITHM = 'alg is not in auth.issuers.corp.algorithms';
const NO_TYPE = 'typ is not in auth.issuers.corp.types (at+jwt, none)';

describe('judgeHeader', () => {
  it.each<[string, Record<string, unknown>]>([
    ['with everything', GOOD],
    ['of the other algorithm', { ...GOOD, alg: 'RS256' }],
    ['without kid', { alg: 'ES256', typ: 'at+jwt' }],
    ['without typ, where that is a type', { alg: 'ES256' }],
    ['with the long form of its type in capitals', { ...GOOD, typ: 'Application/AT+JWT' }],
    ['with a member that nobody knows', { ...GOOD, cty: 'x', x5t: 'y', toString: 1 }],
  ])('has nothing against a header %s', (_what, header) => expect(judgeHeader(header, FORM)).toBe(null));

  it.each(['crit', 'jku', 'jwk', 'x5u', 'x5c', 'b64', 'zip', 'enc', 'epk', 'p2c', 'p2s', 'iv', 'tag', 'nonce'])(
    'refuses a header that has %s, whatever it says',
    (name) => {
      for (const value of [undefined, null, false, 'x', {}])
        expect(judgeHeader({ ...GOOD, [name]: value }, FORM)).toBe(`${name} in its header is not taken`);
    },
  );

  it.each<[string, Record<string, unknown>, string]>([
    ['without alg', { kid: 'one', typ: 'at+jwt' }, NO_ALGORITHM],
    ['with alg none', { ...GOOD, alg: 'none' }, NO_ALGORITHM],
    ['with alg in lower case', { ...GOOD, alg: 'es256' }, NO_ALGORITHM],
    ['with a list of algorithms', { ...GOOD, alg: ['ES256'] }, NO_ALGORITHM],
    ['with an empty kid', { ...GOOD, kid: '' }, 'kid is no text'],
    ['with kid null', { ...GOOD, kid: null }, 'kid is no text'],
    ['with a number as kid', { ...GOOD, kid: 1 }, 'kid is no text'],
    ['with an empty typ', { ...GOOD, typ: '' }, 'typ is no text'],
    ['with typ null', { ...GOOD, typ: null }, 'typ is no text'],
    ['with a list of types', { ...GOOD, typ: ['at+jwt'] }, 'typ is no text'],
    ['of another type', { ...GOOD, typ: 'JWT' }, NO_TYPE],
  ])('refuses a header %s', (_what, header, why) => expect(judgeHeader(header, FORM)).toBe(why));

  it('refuses a header without typ where a type must be said', () => {
    expect(judgeHeader({ alg: 'ES256' }, { ...FORM, types: ['at+jwt', 'jwt'] })).toBe(
      'typ is not in auth.issuers.corp.types (at+jwt, jwt)',
    );
  });
});

describe('toType', () => {
  it.each<[unknown, string | null]>([
    [undefined, ''],
    ['', null],
    [null, null],
    [7, null],
    ['JWT', 'jwt'],
    ['at+jwt', 'at+jwt'],
    ['Application/AT+JWT', 'at+jwt'],
    ['application/a/b', 'application/a/b'],
    ['text/AT+JWT', 'text/at+jwt'],
    ['x-application/jwt', 'x-application/jwt'],
  ])('reads %j as %j', (typ, type) => expect(toType(typ)).toBe(type));
});
