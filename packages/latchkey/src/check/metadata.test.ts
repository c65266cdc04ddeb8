import { describe, expect, it } from 'vitest';
import { emptyLists, isPrivate, issuerMetadataUrls, loadDocument, resourceMetadataUrls } from './metadata.ts';
import type { Draft, Reply } from './reply.ts';

const answer = (status: number, body: string): Reply => ({
  kind: 'answer',
  status,
  body,
  headers: [],
  cut: null,
  tls: null,
  durationMs: 1,
});

const hrefs = (urls: readonly URL[]) => urls.map(({ href }) => href);

describe('resourceMetadataUrls', () => {
  it('puts the well-known part before the path, then stands at the root', () => {
    expect(hrefs(resourceMetadataUrls(new URL('https://h:8443/a/mcp?x=1')))).toEqual([
      'https://h:8443/.well-known/oauth-protected-resource/a/mcp?x=1',
      'https://h:8443/.well-known/oauth-protected-resource',
    ]);
    expect(hrefs(resourceMetadataUrls(new URL('https://h')))).toEqual([
      'https://h/.well-known/oauth-protected-resource',
    ]);
  });
});

describe('issuerMetadataUrls', () => {
  it('has the three places of an issuer with a path, and the two of one without', () => {
    expect(hrefs(issuerMetadataUrls(new URL('https://h/tenant/')))).toEqual([
      'https://h/.well-known/oauth-authorization-server/tenant',
      'https://h/.well-known/openid-configuration/tenant',
      'https://h/tenant/.well-known/openid-configuration',
    ]);
    expect(hrefs(issuerMetadataUrls(new URL('https://h')))).toEqual([
      'https://h/.well-known/oauth-authorization-server',
      'https://h/.well-known/openid-configuration',
    ]);
  });
});

describe('metadata URLs', () => {
  it('stay at the origin, whatever the path or the scheme', () => {
    for (const text of [
      'https://h//evil.example/x',
      String.raw`https://h/\\evil.example/x`,
      'https://h/%2F%2Fevil.example',
    ])
      for (const { host } of [...issuerMetadataUrls(new URL(text)), ...resourceMetadataUrls(new URL(text))])
        expect(host).toBe('h');
    for (const text of ['mailto:x', 'data:,x', 'file:///etc/passwd'])
      expect(issuerMetadataUrls(new URL(text))).toEqual([]);
  });
});

describe('isPrivate', () => {
  it.each(['https://h', 'http://127.9.0.1', 'http://localhost:1', 'http://a.localhost', 'http://[::1]:2'])(
    '%s',
    (url) => expect(isPrivate(new URL(url))).toBe(true),
  );
  it.each(['http://h', 'http://10.0.0.1', 'http://127.0.0.1.example', 'http://localhost.example', 'http://[::2]'])(
    'not %s',
    (url) => expect(isPrivate(new URL(url))).toBe(false),
  );
});

const load = async (url: string, reply: Reply = answer(200, '{"a":1}'), asked = 'https://h/mcp') => {
  const sent: Draft[] = [];
  const send = (draft: Draft) => Promise.resolve((sent.push(draft), reply));
  return { ...(await loadDocument(send, new URL(url), new URL(asked))), sent: sent.length };
};

describe('loadDocument', () => {
  it('asks over https, at the server itself, and on this machine for a server on it', async () => {
    expect(await load('https://other/x')).toMatchObject({ json: { a: 1 }, problem: null });
    expect(await load('http://h/x', undefined, 'http://h/mcp')).toMatchObject({ sent: 1 });
    expect(await load('http://127.0.0.1/x', undefined, 'http://localhost/mcp')).toMatchObject({ sent: 1 });
  });

  it('asks nobody else, whatever the server names', async () => {
    for (const url of ['http://127.0.0.1/x', 'http://169.254.169.254/latest', 'file:///etc/passwd', 'ftp://h/x'])
      expect(await load(url)).toMatchObject({ sent: 0, json: null, problem: expect.stringContaining('not asked') });
  });

  it('takes an object with status 200 only', async () => {
    expect((await load('https://h/x', answer(302, ''))).problem).toContain('redirect');
    for (const reply of [answer(404, '{}'), answer(200, '[]'), answer(200, '{'), answer(200, 'null')])
      expect((await load('https://h/x', reply)).json).toBeNull();
  });
});

describe('emptyLists', () => {
  it('names them', () => expect(emptyLists({ a: [], b: [1], c: '', d: [] })).toEqual(['a', 'd']));
});
