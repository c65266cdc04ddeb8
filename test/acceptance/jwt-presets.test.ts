import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import { expectRefused, send, startSite, type Site } from './harness.ts';

/** A token as the product's documentation shows it: [claims over iss, sub, iat and exp, header over alg and kid]. */
type Shape = readonly [object, object];

interface Product {
  readonly settings: object;
  /** Access tokens for this server; each may call `echo`. */
  readonly access: readonly ((resource: string) => Shape)[];
  /** Other tokens of the product, and access tokens for somebody else. */
  readonly others: readonly ((resource: string) => Shape)[];
}

const JWT = { typ: 'JWT' };
const NONE = { typ: undefined };
const GROUPS = Array.from({ length: 200 }, () => randomUUID());
const ID = { nonce: 'n', at_hash: 'h' };

const PRODUCTS: Readonly<Record<string, Product>> = {
  auth0: {
    settings: { preset: 'auth0' },
    access: [
      (aud) => [{ aud: [aud, 'https://t.auth0.com/userinfo'], azp: 'c', scope: 'openid file:read', gty: 'x' }, JWT],
      (aud) => [{ aud, client_id: 'c', scope: 'file:read' }, { typ: 'at+jwt' }],
    ],
    others: [() => [{ aud: 'c', ...ID }, JWT], () => [{ aud: 'https://t.auth0.com/userinfo', azp: 'c' }, JWT]],
  },
  okta: {
    settings: { preset: 'okta' },
    access: [(aud) => [{ aud, ver: 1, jti: 'AT.x', cid: 'c', uid: 'u', scp: ['openid', 'file:read'] }, NONE]],
    others: [
      () => [{ aud: 'c', ver: 1, jti: 'ID.x', ...ID }, NONE],
      (aud) => [{ aud, cid: 'c', scp: ['file:read'] }, JWT],
    ],
  },
  keycloak: {
    settings: { preset: 'keycloak', scopes: { map: { 'realm_access.roles': { reader: ['file:read'] } } } },
    access: [
      (aud) => [{ aud, typ: 'Bearer', azp: 'c', scope: 'openid file:read' }, JWT],
      (aud) => [{ aud: [aud], typ: 'Bearer', azp: 'c', scope: 'openid', realm_access: { roles: ['reader'] } }, JWT],
    ],
    others: [
      (aud) => [{ aud, typ: 'ID', azp: 'c', ...ID }, JWT],
      (aud) => [{ aud, typ: 'Refresh', azp: 'c', scope: 'file:read' }, JWT],
      (aud) => [{ aud, typ: 'Logout' }, { typ: 'logout+jwt' }],
      // What Keycloak makes without an audience mapper.
      () => [{ typ: 'Bearer', azp: 'c', scope: 'file:read' }, JWT],
      (aud) => [{ aud: [aud, 'account'], typ: 'Bearer', azp: 'c', scope: 'file:read' }, JWT],
    ],
  },
  entra: {
    settings: { preset: 'entra', audience: 'api-1' },
    access: [
      () => [{ aud: 'api-1', ver: '2.0', azp: 'c', azpacr: '0', scp: 'file:read other', oid: 'o', tid: 't' }, JWT],
      () => [{ aud: 'api-1', ver: '2.0', azp: 'c', azpacr: '2', roles: ['file:read'], idtyp: 'app' }, JWT],
      // As many groups as it lists; of more it gives the number.
      () => [{ aud: 'api-1', ver: '2.0', azp: 'c', azpacr: '0', scp: 'file:read', groups: GROUPS }, JWT],
    ],
    others: [
      () => [{ aud: 'api-1', ver: '2.0', ...ID, preferred_username: 'a' }, JWT],
      () => [{ aud: 'api-1', ver: '1.0', appid: 'c', appidacr: '0', scp: 'file:read' }, JWT],
      () => [{ aud: 'api://api-1', ver: '2.0', azp: 'c', azpacr: '0', scp: 'file:read' }, JWT],
      () => [{ aud: '00000003-0000-0000-c000-000000000000', ver: '2.0', azp: 'c', azpacr: '0', scp: 'file:read' }, JWT],
    ],
  },
  cognito: {
    settings: { preset: 'cognito', scopes: { map: { 'cognito:groups': { readers: ['file:read'] } } } },
    // With resource binding.
    access: [
      (aud) => [{ aud, token_use: 'access', client_id: 'c', scope: 'openid', 'cognito:groups': ['readers'] }, NONE],
    ],
    others: [
      (aud) => [{ aud, token_use: 'id', 'cognito:groups': ['readers'] }, NONE],
      () => [{ aud: undefined, token_use: 'access', client_id: 'c', 'cognito:groups': ['readers'] }, NONE],
    ],
  },
  'cognito-plain': {
    // Without: the app client is all there is.
    settings: { preset: 'cognito', audience: 'client-1', scopes: { always: ['file:read'] } },
    access: [() => [{ aud: undefined, token_use: 'access', client_id: 'client-1', scope: 'openid' }, NONE]],
    others: [
      () => [{ aud: undefined, token_use: 'access', client_id: 'client-2' }, NONE],
      () => [{ aud: 'client-1', token_use: 'id' }, NONE],
      () => [{ aud: null, token_use: 'access', client_id: 'client-1' }, NONE],
      () => [{ aud: 'https://other.example', token_use: 'access', client_id: 'client-1' }, NONE],
    ],
  },
  authentik: {
    settings: { preset: 'authentik', clients: ['client-1'], scopes: { map: { groups: { readers: ['file:read'] } } } },
    access: [() => [{ aud: 'client-1', azp: 'client-1', uid: 'x', groups: ['readers'] }, JWT]],
    others: [
      () => [{ aud: 'client-1', groups: ['readers'] }, JWT],
      () => [{ aud: 'client-2', azp: 'client-2', uid: 'x', groups: ['readers'] }, JWT],
    ],
  },
  zitadel: {
    settings: {
      preset: 'zitadel',
      audience: '2001',
      scopes: { map: { 'urn:zitadel:iam:org:project:roles': { reader: ['file:read'] } } },
    },
    access: [
      () => [
        {
          aud: ['1001@project', '2001'],
          client_id: 'c',
          'urn:zitadel:iam:org:project:roles': { reader: { 9: 'org' } },
        },
        JWT,
      ],
    ],
    others: [() => [{ aud: ['1001@project', '2002'], client_id: 'c' }, JWT]],
  },
  descope: {
    settings: { preset: 'descope' },
    access: [(aud) => [{ aud: [aud, 'P1'], azp: 'c', scope: 'file:read' }, JWT]],
    others: [() => [{ aud: ['c', 'P1'], scope: 'file:read' }, JWT]],
  },
  workos: {
    settings: { preset: 'workos' },
    access: [(aud) => [{ aud, sid: 's', scope: 'openid file:read' }, NONE]],
    others: [() => [{ aud: 'client_01', sid: 's', scope: 'openid file:read' }, NONE]],
  },
};

const issuers = new Map<string, TestIssuer>();
let site: Site;
beforeAll(async () => {
  for (const name of Object.keys(PRODUCTS)) issuers.set(name, await startIssuer({ algorithms: ['RS256'] }));
  const settings = Object.entries(PRODUCTS).map(([name, { settings: given }]) => [
    name,
    { issuer: issuers.get(name)?.url, ...given },
  ]);
  site = await startSite({
    limits: { failedPerAddress: '100000/min' },
    auth: { issuers: Object.fromEntries(settings) as object },
  });
});
afterAll(async () => {
  await site.close();
  for (const issuer of issuers.values()) await issuer.close();
});

async function sign(name: string, [claims, header]: Shape): Promise<string> {
  const issuer = issuers.get(name) as TestIssuer;
  const now = Math.floor(Date.now() / 1000);
  return issuer.sign({ iss: issuer.url, sub: 'alice', iat: now, exp: now + 300, ...claims }, header);
}

test.each(Object.entries(PRODUCTS))(
  'JWT-14 aud required and ours: %s, access tokens as documented',
  async (name, { access }) => {
    for (const shape of access) {
      const answer = await send(site, { token: await sign(name, shape(site.gateway.url)) });
      expect({ shape: shape('R'), status: answer.status }).toEqual({ shape: shape('R'), status: 200 });
    }
  },
);

test.each(Object.entries(PRODUCTS))('JWT-20 Wrong kind of JWT: %s, its other tokens', async (name, { others }) => {
  for (const shape of others) await expectRefused(site, { token: await sign(name, shape(site.gateway.url)) }, 401);
});
