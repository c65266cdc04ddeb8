import { describe, expect, it } from 'vitest';
import { OutgoingError, type OutgoingAnswer } from '../core/outgoing.ts';
import { createDiscovery, metadataUrls } from './discovery.ts';

const ISSUER = 'https://issuer.example/tenant';
const document = { issuer: ISSUER, jwks_uri: 'https://keys.example/jwks', token_endpoint: `${ISSUER}/token` };

function create(documents: Readonly<Record<string, object | string>>, issuer = ISSUER, given: object | null = null) {
  const asked: string[] = [];
  const load = createDiscovery({
    issuer,
    given: given as Record<string, unknown> | null,
    outgoing: async ({ url }): Promise<OutgoingAnswer> => {
      asked.push(url);
      const found = documents[new URL(url).pathname];
      if (found === undefined) return { status: 404, headers: {}, body: '' };
      return { status: 200, headers: {}, body: typeof found === 'string' ? found : JSON.stringify(found) };
    },
  });
  return { load, asked };
}

const [INSERTED, OPENID_INSERTED, APPENDED] = [
  '/.well-known/oauth-authorization-server/tenant',
  '/.well-known/openid-configuration/tenant',
  '/tenant/.well-known/openid-configuration',
];

describe('metadataUrls', () => {
  it('follows the order of MCP', () => {
    expect(metadataUrls(ISSUER)).toEqual(
      [INSERTED, OPENID_INSERTED, APPENDED].map((at) => `https://issuer.example${at}`),
    );
    const root = ['oauth-authorization-server', 'openid-configuration'];
    for (const issuer of ['https://issuer.example', 'https://issuer.example/'])
      expect(metadataUrls(issuer)).toEqual(root.map((name) => `https://issuer.example/.well-known/${name}`));
    expect(metadataUrls(`${ISSUER}/`)).toEqual(metadataUrls(ISSUER));
  });
});

describe('createDiscovery', () => {
  it('takes the first document and asks no further', async () => {
    const { load, asked } = create({ [OPENID_INSERTED]: document, [APPENDED]: { ...document, jwks_uri: undefined } });
    expect(await load(0)).toMatchObject({ issuer: ISSUER, jwksUri: document.jwks_uri, introspectionEndpoint: null });
    expect(asked).toHaveLength(2);
    await load(3_000_000 * 0.8);
    expect(asked).toHaveLength(2);
  });

  it('passes over a document that is not the issuer’s own', async () => {
    const { load } = create({ [INSERTED]: { ...document, issuer: 'https://issuer.example' }, [APPENDED]: document });
    expect(await load(0)).toMatchObject({ issuer: ISSUER });
  });

  it.each([
    ['of another issuer', { ...document, issuer: `${ISSUER}/` }],
    ['without issuer', { ...document, issuer: undefined }],
    ['with an endpoint in clear', { ...document, token_endpoint: 'http://issuer.example/token' }],
    ['with a loopback endpoint of an issuer elsewhere', { ...document, jwks_uri: 'http://127.0.0.1/jwks' }],
    ['with an endpoint that is no URL', { ...document, jwks_uri: 1 }],
    ['with issuer twice', `{"issuer":"https://evil.example","issuer":"${ISSUER}"}`],
    ['that is no JSON', '<html>'],
    ['that is a list', '[]'],
  ])('refuses a document %s', async (_what, wrong) => {
    const { load, asked } = create({ [INSERTED]: wrong, [OPENID_INSERTED]: wrong, [APPENDED]: wrong });
    await expect(load(0)).rejects.toThrow(OutgoingError);
    await expect(load(1)).rejects.toThrow(OutgoingError);
    expect(asked).toHaveLength(3);
  });

  it('lets an issuer on this machine name endpoints on it', async () => {
    const issuer = 'http://127.0.0.1:9000';
    const local = { issuer, jwks_uri: `${issuer}/jwks` };
    const { load } = create({ '/.well-known/openid-configuration': local }, issuer);
    expect(await load(0)).toMatchObject({ jwksUri: local.jwks_uri });
  });

  it('asks nobody where the metadata are given', async () => {
    const { load, asked } = create({}, ISSUER, { token_endpoint: 'https://issuer.example/t' });
    expect(await load(0)).toMatchObject({ issuer: ISSUER, tokenEndpoint: 'https://issuer.example/t', jwksUri: null });
    expect(asked).toEqual([]);
  });
});
