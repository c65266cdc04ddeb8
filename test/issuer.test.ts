import { allowInsecureRequests, validateJwtAccessToken, type JWTAccessTokenClaims } from 'oauth4webapi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startIssuer, type TestIssuer } from './fixtures/issuer.ts';
import type { Fault } from './fixtures/issuer-faults.ts';

const part = (token: string, at: number): string => Buffer.from(token.split('.')[at] ?? '', 'base64url').toString();

describe('startIssuer', () => {
  const audience = 'https://mcp.example/mcp';
  let issuer: TestIssuer;

  beforeEach(async () => {
    issuer = await startIssuer({
      path: '/tenant',
      audience,
      algorithms: ['RS256', 'PS256', 'EdDSA', 'ES384', 'ES256'],
    });
  });
  afterEach(() => issuer.close());

  const verify = (token: string): Promise<JWTAccessTokenClaims> => {
    const request = new Request(audience, { headers: { authorization: `Bearer ${token}` } });
    const server = { issuer: issuer.url, jwks_uri: `${issuer.origin}/jwks` };
    return validateJwtAccessToken(server, request, audience, { [allowInsecureRequests]: true });
  };
  const get = async (path: string, signal?: AbortSignal): Promise<Response> =>
    fetch(`${issuer.origin}${path}`, { redirect: 'manual', ...(signal === undefined ? {} : { signal }) });

  it('signs access tokens that a strict library takes, with each of its keys', async () => {
    for (const key of issuer.keys) {
      const token = await issuer.accessToken({ sub: key.alg }, { alg: key.alg, kid: key.kid }, { key });
      expect((await verify(token)).sub).toBe(key.alg);
    }
  });

  it('signs what no library would', async () => {
    const unsigned = await issuer.accessToken({}, { alg: 'nOnE', kid: undefined }, { key: { alg: 'none' } });
    expect(unsigned.endsWith('.')).toBe(true);
    expect(part(unsigned, 0)).toBe('{"alg":"nOnE","typ":"at+jwt"}');
    const twice = await issuer.sign('{"exp":1e400,"exp":1}', {}, { key: { alg: 'HS256', secret: 'x' } });
    expect(part(twice, 1)).toBe('{"exp":1e400,"exp":1}');
    await expect(verify(await issuer.accessToken({ iss: undefined }))).rejects.toThrow('iss');
  });

  it('shows the keys that it has at the moment', async () => {
    const old = await issuer.accessToken();
    issuer.removeKey((await issuer.addKey('ES256')).kid);
    await verify(old);
    issuer.removeKey(issuer.keys.at(-1)?.kid ?? '');
    await expect(verify(old)).rejects.toThrow('no applicable keys');
    expect(issuer.countOf('/jwks')).toBe(2);
  });

  it('has its metadata at the three places of an issuer with a path', async () => {
    for (const path of [
      '/.well-known/oauth-authorization-server/tenant',
      '/.well-known/openid-configuration/tenant',
      '/tenant/.well-known/openid-configuration',
    ])
      expect(await (await get(path)).json()).toMatchObject({ issuer: issuer.url, jwks_uri: `${issuer.origin}/jwks` });
  });

  it('answers about tokens as it was told', async () => {
    issuer.introspect('good', (request: { body: string }) => ({ active: true, seen: request.body }));
    const ask = async (token: string): Promise<unknown> =>
      (await fetch(`${issuer.origin}/introspect`, { method: 'POST', body: new URLSearchParams({ token }) })).json();
    expect(await ask('good')).toEqual({ active: true, seen: 'token=good' });
    expect(await ask('bad')).toEqual({ active: false });
    issuer.userinfo('good', { sub: 'alice' });
    expect((await get('/userinfo')).status).toBe(401);
    issuer.answer('/token', new Response('{}', { status: 418 }));
    expect([(await get('/token')).status, (await get('/token')).status]).toEqual([418, 418]);
  });

  it('goes wrong as it was told, and right again', async () => {
    const statuses: Partial<Record<Fault, number>> = { error: 500, missing: 404, redirect: 302, none: 200 };
    for (const [kind, status] of Object.entries(statuses)) {
      issuer.fault('/jwks', kind as Fault);
      expect((await get('/jwks')).status).toBe(status);
    }
    expect((await get('/redirected/jwks')).status).toBe(200);
    issuer.fault('/jwks', 'garbage');
    await expect((await get('/jwks')).json()).rejects.toThrow(SyntaxError);
    issuer.fault('/jwks', 'refuse');
    await expect(get('/jwks')).rejects.toThrow(TypeError);
    for (const kind of ['hang', 'slow'] as const) {
      issuer.fault('/jwks', kind);
      await expect(get('/jwks', AbortSignal.timeout(500)).then((r) => r.text())).rejects.toThrow('timeout');
    }
    issuer.fault('/jwks', 'huge');
    expect((await (await get('/jwks')).arrayBuffer()).byteLength).toBeGreaterThan(64 * 1024 * 1024);
  });

  it('stops and starts at the same port', async () => {
    await issuer.stop();
    await expect(get('/jwks')).rejects.toThrow(TypeError);
    await issuer.start();
    expect((await get('/jwks')).status).toBe(200);
  });
});
