import { describe, expect, it } from 'vitest';
import { issuer as issuerSchema } from '../config/schema-issuers.ts';
import { createIssuer } from '../config/issuers/issuer-config.ts';
import { readJwt, type JwtOptions } from './read-jwt.ts';

const ISSUER = 'https://id.example/realms/a';
const read = (more: object = {}) => readJwt({ issuer: ISSUER, ...more } as JwtOptions);

/** What is wrong with these options, one fault a line. */
function faultsOf(options: unknown): readonly string[] {
  try {
    readJwt(options as JwtOptions);
  } catch (error) {
    return String(error)
      .replace(/^TypeError: jwt: /, '')
      .split('; ');
  }
  return [];
}

/** The same issuer as latchkey.yaml has it. */
function configured(options: object) {
  const given = issuerSchema.parse(options);
  const { name, issuer, audiences, audienceClaim, foreignAudiences, clients, required, scopes, ...rest } = createIssuer(
    'corp',
    given,
    (file) => file,
  );
  const rules = { name, issuer, audiences, foreignAudiences, clients, required, scopes };
  const { algorithms, types, jwks, keysRefreshMs, keysMaxAgeMs } = rest;
  return {
    rules: audienceClaim === undefined ? rules : { ...rules, audienceClaim },
    algorithms,
    types,
    jwks,
    keysRefreshMs,
    keysMaxAgeMs,
  };
}

describe('readJwt', () => {
  it.each<[string, object]>([
    ['nothing but the issuer', {}],
    [
      'everything',
      {
        audience: ['https://api.example', 'api'],
        audienceClaim: 'client_id',
        foreignAudiences: true,
        clients: ['app'],
        algorithms: ['PS256', 'ES512'],
        types: ['at+jwt', 'JWT', 'none'],
        jwks: { url: 'https://id.example/keys' },
        keysRefresh: '90s',
        keysMaxAge: '1h30m',
        require: { token_use: 'access', tenant: ['a', 'b'] },
        scopes: { always: ['*', 'read'], claims: ['permissions'], map: { groups: { staff: ['write'] } } },
      },
    ],
    ['one audience', { audience: 'api', foreignAudiences: false, scopes: {} }],
  ])('means with %s what latchkey.yaml means', (_what, more) => {
    expect(read({ name: 'corp', ...more })).toEqual(configured({ issuer: ISSUER, ...more }));
  });

  it('names an issuer so that no other has the same name', () => {
    const names = [
      ISSUER,
      'https://id.example/realms/b',
      'https://id.example/realms%2Fa',
      'http://127.0.0.1:9000',
      'http://localhost:9000',
    ].map((issuer) => readJwt({ issuer }).rules.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names[0]).toBe('https%3A//id.example/realms/a');
    expect(names.filter((name) => name.includes(':'))).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['options', 'https://id.example'],
    ['options', null],
    ['issuer: is missing', {}],
    ['issuer: is missing', undefined],
  ])('wants %s', (_what, options) => expect(faultsOf(options)).toContain('issuer: is missing'));

  it.each([
    'http://id.example',
    'https://id.example?a',
    'https://u@id.example',
    'id.example',
    '',
    `https://id.example/${'a'.repeat(2048)}`,
    7,
  ])('refuses %j as issuer and as key set', (url) => {
    const wanted = 'expected an https URL without user, query or fragment';
    expect(faultsOf({ issuer: url })).toEqual([`issuer: ${wanted}`]);
    expect(faultsOf({ issuer: ISSUER, jwks: { url } })).toEqual([`jwks.url: ${wanted}`]);
  });

  it.each<[object, string]>([
    [{ issuers: [] }, 'issuers: unknown option; did you mean issuer?'],
    [{ secret: 'x' }, 'secret: unknown option; known are'],
    [{ name: 'Corp' }, 'name: expected a name of small letters'],
    [{ name: '' }, 'name: expected a name of small letters'],
    [{ audience: [] }, 'audience: must not be empty'],
    [{ audience: [''] }, 'audience: expected a list of texts'],
    [{ audience: null }, 'audience: expected a list of texts'],
    [{ audienceClaim: '' }, 'audienceClaim: expected text'],
    [{ audienceClaim: 'a\n' }, 'audienceClaim: expected text'],
    [{ audienceClaim: 1 }, 'audienceClaim: expected text'],
    [{ foreignAudiences: 'no' }, 'foreignAudiences: expected'],
    [{ clients: 'app' }, 'clients: expected a list of texts'],
    [{ clients: [] }, 'clients: must not be empty'],
    [{ algorithms: ['HS256'] }, 'algorithms: expected a list of RS256, '],
    [{ algorithms: ['none'] }, 'algorithms: expected a list of RS256, '],
    [{ algorithms: [] }, 'algorithms: must not be empty'],
    [{ types: ['jwt'] }, 'types: expected a list of at+jwt, JWT, none'],
    [{ types: ['JWT'], audience: 'app', clients: ['app'] }, 'types: ID tokens would pass'],
    [{ jwks: {} }, 'jwks.url: is missing'],
    [{ jwks: { file: 'keys.json' } }, 'jwks.file: unknown option'],
    [{ keysRefresh: '10' }, 'keysRefresh: expected a duration'],
    [{ keysRefresh: '0s' }, 'keysRefresh: expected a duration'],
    [{ keysRefresh: '25d' }, 'keysRefresh: expected a duration'],
    [{ keysMaxAge: 60 }, 'keysMaxAge: expected a duration'],
    [{ require: { tenant: [] } }, 'require.tenant: must not be empty'],
    [{ require: { tenant: undefined } }, 'require.tenant: expected text'],
    [{ require: { tenant: '' } }, 'require.tenant: expected text'],
    [{ require: [] }, 'require: expected an object'],
    [{ scopes: ['read'] }, 'scopes: expected an object'],
    [{ scopes: { prefix: 'x' } }, 'scopes.prefix: unknown option'],
    [{ scopes: { always: ['a b'] } }, 'scopes.always: expected a list of scopes'],
    [{ scopes: { claims: [1] } }, 'scopes.claims: expected a list of claims'],
    [{ scopes: { map: { groups: { staff: 'write' } } } }, 'scopes.map.groups.staff: expected a list of scopes'],
    [{ scopes: { map: { groups: 'staff' } } }, 'scopes.map.groups: expected an object'],
  ])('refuses %j and says so', (more, fault) => {
    expect(faultsOf({ issuer: ISSUER, ...more }).join('; ')).toMatch(
      new RegExp(`^${fault.replaceAll(/[+.?]/g, String.raw`\$&`)}`),
    );
  });

  it('names all that is wrong at once', () => {
    expect(faultsOf({ name: '!', audience: 7, algorithms: ['HS256'], keysRefresh: 'soon' })).toHaveLength(5);
  });
});
