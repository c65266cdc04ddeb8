import { describe, expect, it } from 'vitest';
import { judgeHolder, LEEWAY_MS, readClaims, toOddTexts, toScopes, type Claims, type Holder } from './claims.ts';
import type { IssuerRules } from './issuer.ts';

const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1000;
const RESOURCE = 'https://mcp.example/mcp';

const rules: IssuerRules = {
  name: 'corp',
  issuer: 'https://issuer.example',
  audiences: null,
  foreignAudiences: false,
  clients: null,
  required: {},
  scopes: { always: [], claims: ['scope', 'scp'], table: {} },
};
const right: Claims = { iss: rules.issuer, sub: 'alice', aud: RESOURCE, exp: SECONDS + 300, scope: 'read write' };

const read = (claims: Claims, over: Partial<IssuerRules> = {}, kind: 'jwt' | 'introspected' = 'jwt') =>
  readClaims(claims, { rules: { ...rules, ...over }, kind, now: NOW, digest: () => 'd'.repeat(32) });

function holder(claims: Claims, over: Partial<IssuerRules> = {}): Holder {
  const found = read(claims, over);
  if (found.kind === 'reject') throw new Error(found.detail);
  return found;
}

describe('readClaims', () => {
  it('names the holder after the issuer in the configuration', () => {
    expect(holder(right).principal).toMatchObject({
      id: 'issuer:corp:alice',
      kind: 'jwt',
      issuer: rules.issuer,
      subject: 'alice',
      client: null,
      credentialId: null,
      servers: null,
      keyThumbprint: null,
    });
    expect([...holder(right).principal.scopes]).toEqual(['read', 'write']);
  });

  it('ends the principal with the leeway, as what was let in may end its work', () => {
    expect(holder(right).principal.expiresAt).toBe(NOW + 300_000 + LEEWAY_MS);
    expect(holder(right).expiresAt).toBe(NOW + 300_000);
  });

  it.each([
    ['iss', { iss: 'https://issuer.example/' }],
    ['iss', { iss: undefined }],
    ['iss', { iss: [rules.issuer] }],
    ['sub', { sub: undefined }],
    ['sub', { sub: '' }],
    ['sub', { sub: 1 }],
    ['sub', { sub: 'x'.repeat(8193) }],
    ['exp', { exp: undefined }],
    ['exp', { exp: String(SECONDS) }],
    ['exp', { exp: Infinity }],
    ['exp', { exp: -1 }],
    ['exp', { exp: NOW }],
    ['nbf', { nbf: 'now' }],
    ['iat', { iat: null }],
    ['iat', { iat: SECONDS + 31 }],
    ['cnf', { cnf: { 'x5t#S256': 'x' } }],
    ['cnf', { cnf: { jkt: 'short' } }],
    ['cnf', { cnf: { jkt: 'x'.repeat(44) } }],
    ['cnf', { cnf: { jkt: ['x'.repeat(43)] } }],
    ['cnf', { cnf: { jkt: 'x'.repeat(43), jwk: {} } }],
    ['cnf', { cnf: null }],
    ['cnf', { token_type: 'dpop' }],
    ['cnf', { typ: 'DPoP' }],
    ...[1, '', ['app'], {}, 'x'.repeat(8193)].map((odd): [string, object] => [
      'client_id',
      { client_id: odd, azp: 'app' },
    ]),
    ['azp', { azp: ['app'], client_id: 'app' }],
    ['cid', { cid: 7 }],
    ['appid', { appid: false }],
  ])('refuses %s in %j', (name, over) => {
    const found = read({ ...right, ...over });
    expect(found).toMatchObject({ kind: 'reject', reason: 'credential-claims' });
    expect((found as { detail: string }).detail).toContain(name);
  });

  it('takes a token that was made before now, by a clock that may differ', () => {
    for (const iat of [0, SECONDS - 1000, SECONDS, SECONDS + 30]) expect(read({ ...right, iat }).kind).toBe('holder');
  });

  it('takes null for a client that is not there, as some issuers write it', () => {
    const found = read({ ...right, client_id: null, azp: 'app', cid: null });
    expect(found).toMatchObject({ kind: 'holder', principal: { client: 'app' } });
  });

  it.each([[undefined], [''], [[]], [[1]], [{}], [['a', '']], [Array.from({ length: 101 }, () => 'a')]])(
    'refuses the audience %j',
    (aud) =>
      expect(read({ ...right, aud })).toEqual({
        kind: 'reject',
        reason: 'credential-audience',
        detail: `aud is missing or odd; see auth.issuers.${rules.name}.audience`,
      }),
  );

  it('lets an introspection answer leave out issuer and end, but not give another issuer', () => {
    expect(read({ sub: 'alice', aud: RESOURCE }, {}, 'introspected')).toMatchObject({
      kind: 'holder',
      expiresAt: null,
      principal: { expiresAt: null },
    });
    expect(read({ ...right, iss: 'https://other.example' }, {}, 'introspected')).toMatchObject({ kind: 'reject' });
  });

  it('takes another claim for the audience only where there is none, and that claim is named', () => {
    const audienceClaim = 'client_id';
    const without = { ...right, aud: undefined, client_id: 'app' };
    expect(read(without)).toMatchObject({ reason: 'credential-audience' });
    expect(holder(without, { audienceClaim }).audiences).toEqual(['app']);
    expect(holder({ ...right, client_id: 'app' }, { audienceClaim }).audiences).toEqual([RESOURCE]);
  });

  it('asks for one of several texts, where there are several', () => {
    const required = { ver: ['1.0', '2.0'] };
    expect(read({ ...right, ver: '2.0' }, { required }).kind).toBe('holder');
    for (const ver of ['3.0', '1.0,2.0', ['1.0'], undefined])
      expect(read({ ...right, ver }, { required })).toMatchObject({ reason: 'credential-claims' });
  });

  it('puts a digest in the place of a subject or client that is long or odd', () => {
    for (const odd of ['a b', 'a\nb', '\u001b[31m', 'a'.repeat(129), 'sha256-dddd', 'ä']) {
      const { principal } = holder({ ...right, sub: odd, client_id: odd });
      expect(principal.id).toBe(`issuer:corp:sha256-${'d'.repeat(32)}`);
      expect(principal.client).toBe(`sha256-${'d'.repeat(32)}`);
      expect(principal.subject).toBe(odd);
    }
  });

  it('finds the client where products write it, and holds it against the list', () => {
    for (const name of ['client_id', 'azp', 'cid', 'appid'])
      expect(holder({ ...right, [name]: 'app' }, { clients: ['app'] }).principal.client).toBe('app');
    for (const client_id of [undefined, 'other', 'APP'])
      expect(read({ ...right, client_id }, { clients: ['app'] })).toMatchObject({
        reason: 'credential-client',
        detail: expect.stringContaining('auth.issuers.corp.clients'),
      });
  });

  it('asks for claims that must have a text, also inside others', () => {
    const required = { token_use: 'access', 'realm.kind': 'staff' };
    expect(read({ ...right, token_use: 'access', realm: { kind: 'staff' } }, { required }).kind).toBe('holder');
    for (const over of [{ token_use: 'id' }, { realm: { kind: 'guest' } }, { realm: null }, { token_use: ['access'] }])
      expect(read({ ...right, token_use: 'access', realm: { kind: 'staff' }, ...over }, { required }).kind).toBe(
        'reject',
      );
    expect(read(right, { required: { constructor: 'Object' } }).kind).toBe('reject');
  });

  it('keeps the thumbprint of the key that the token is bound to', () => {
    expect(holder({ ...right, cnf: { jkt: 'x'.repeat(43) } }).principal.keyThumbprint).toBe('x'.repeat(43));
  });
});

describe('toOddTexts', () => {
  it('gives what of subject and client is text, but long or odd', () => {
    expect(toOddTexts({ sub: 'a b', client_id: 'app' })).toEqual(['a b']);
    expect(toOddTexts({ sub: 'alice', azp: 'ä' })).toEqual(['ä']);
    expect(toOddTexts({ sub: { odd: 1 }, client_id: ['a b'] })).toEqual([]);
  });
});

const judge = (claims: object, over: Partial<IssuerRules> = {}, now = NOW, resource = RESOURCE) => {
  const all = { ...rules, ...over };
  return judgeHolder(holder({ ...right, ...claims }, over), { rules: all, resources: [resource], now })?.reason ?? null;
};

describe('judgeHolder', () => {
  it('lets in from the beginning to the end, with the leeway on both sides', () => {
    const nbf = SECONDS + 100;
    expect(judge({ nbf }, {}, NOW + 70_000)).toBe(null);
    expect(judge({ nbf }, {}, NOW + 69_999)).toBe('credential-claims');
    expect(judge({}, {}, NOW + 300_000 + LEEWAY_MS - 1)).toBe(null);
    expect(judge({}, {}, NOW + 300_000 + LEEWAY_MS)).toBe('credential-expired');
  });

  it('judges the end before the audience', () => {
    expect(judge({ aud: 'other' }, {}, NOW + 400_000)).toBe('credential-expired');
  });

  it('takes the asked resource alone where no audience is configured', () => {
    expect(judge({})).toBe(null);
    expect(judge({}, {}, NOW, 'https://mcp.example/other')).toBe('credential-audience');
    expect(judge({ aud: `${RESOURCE}/` })).toBe('credential-audience');
  });

  it('takes configured audiences instead, and foreign ones beside them only where allowed', () => {
    const audiences = ['api', 'other-api'];
    expect(judge({ aud: ['api', 'other-api'] }, { audiences })).toBe(null);
    expect(judge({}, { audiences })).toBe('credential-audience');
    expect(judge({ aud: ['api', 'foreign'] }, { audiences })).toBe('credential-audience');
    expect(judge({ aud: ['api', 'foreign'] }, { audiences, foreignAudiences: true })).toBe(null);
    expect(judge({ aud: ['foreign'] }, { audiences, foreignAudiences: true })).toBe('credential-audience');
  });
});

const scopes = (claims: Claims, over: object = {}): readonly string[] => [
  ...toScopes(claims, { ...rules.scopes, ...over }),
];

describe('toScopes', () => {
  it('reads words of texts and lists, and never the scope for everything', () => {
    expect(scopes({ scope: 'read  write *', scp: ['admin', '*', 1, null] })).toEqual(['read', 'write', 'admin']);
    expect(scopes({ scope: 'a"b a\\b \u0001 ä' })).toEqual([]);
    expect(scopes({ scope: 5, scp: [['read'], { read: true }] })).toEqual([]);
    expect(scopes({ scope: { read: true } })).toEqual([]);
  });

  it('gives what the operator says for a value, also where a name has dots', () => {
    const table = { 'realm.roles': { ops: ['write', '*'] }, 'https://x.example/groups': { staff: ['read'] } };
    expect(scopes({ realm: { roles: ['ops', 'toString'] } }, { table })).toEqual(['write', '*']);
    expect(scopes({ 'https://x.example/groups': 'staff' }, { table })).toEqual(['read']);
    expect(scopes({ realm: { roles: 'ops guests' } }, { table })).toEqual([]);
    expect(scopes({ realm: { roles: null } }, { table })).toEqual([]);
    expect(scopes({ realm: 'ops' }, { table: { 'realm.0': { o: ['write'] } } })).toEqual([]);
    expect(scopes({ realm: { roles: { ops: { org1: 'x' }, guests: {} } } }, { table })).toEqual(['write', '*']);
    expect(scopes({ realm: { roles: ['__proto__', 'constructor'] } }, { table })).toEqual([]);
  });

  it('gives what every token has', () => expect(scopes({}, { always: ['base'] })).toEqual(['base']));
});
