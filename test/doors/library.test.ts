import { readFile, writeFile } from 'node:fs/promises';
import { createLatchkey, LatchkeyError, staticTokens, type LatchkeyOptions } from 'latchkey';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectDiscreet } from '../acceptance/challenge.ts';
import { setRules } from '../acceptance/changing-sites.ts';
import { expectRefused, MCP_METHODS, send, startSite, type Call, type Site } from '../acceptance/harness.ts';
import { headerValue, headerValues, json } from '../fixtures/raw-http.ts';

let site: Site;
beforeAll(async () => {
  site = await startSite({ limits: { failedPerAddress: '100000/min' } });
});
afterAll(() => site.close());

test('RSA-02 Every method guarded: OPTIONS is one that the endpoint does not have', async () => {
  for (const token of [null, 'garbage', site.tokens.aliceRead]) {
    const answer = await expectRefused(site, { method: 'OPTIONS', token, body: null }, 405);
    expect(headerValues(answer, 'allow')).toEqual([MCP_METHODS]);
  }
});

const METADATA = '/.well-known/oauth-protected-resource/mcp';

test('RSA-28 Public endpoints: the metadata', async () => {
  const get: Call = { method: 'GET', target: METADATA, token: null };
  const answer = await expectRefused(site, get, 200);
  expect(headerValue(answer, 'content-type')).toMatch(/^application\/json/);
  expectDiscreet(site, answer);
  expect((await expectRefused(site, { ...get, method: 'HEAD' }, 200)).body).toBe('');
  // A credential changes nothing, a bad one included.
  for (const token of [site.tokens.aliceRead, 'garbage'])
    expect((await expectRefused(site, { ...get, token }, 200)).body).toBe(answer.body);
  for (const method of ['POST', 'PUT', 'DELETE'])
    await expectRefused(site, { method, target: METADATA, token: null, body: null }, [404, 405]);
  const metadata = json(answer) as Record<string, unknown>;
  expect(metadata).toMatchObject({ resource: site.gateway.url, bearer_methods_supported: ['header'] });
  expect(metadata['scopes_supported']).toEqual(['file:read', 'file:write', 'secret:read']);
  for (const target of [
    `${METADATA}/`,
    METADATA.slice(0, -4),
    '/.well-known/oauth-authorization-server',
    '/oauth/token',
  ])
    for (const token of [null, site.tokens.aliceRead]) {
      const other = await expectRefused(site, { ...get, target, token }, 404);
      expect(headerValues(other, 'www-authenticate')).toEqual([]);
    }
});

test('RSA-29 Skip-auth paths are exact: whatever the router takes for the endpoint is behind the guard', async () => {
  const spellings = [
    '/mcp/',
    '/MCP',
    '/%6dcp',
    '//mcp',
    '/./mcp',
    '/x/../mcp',
    '/mcp;x',
    '/mcp?x',
    `${METADATA}/../mcp`,
  ];
  for (const target of spellings) {
    const served = (await send(site, { target })).status;
    expect([200, 400, 404, 405]).toContain(served);
    for (const token of [null, 'garbage', site.tokens.revoked]) {
      const refused = await expectRefused(site, { target, token }, [400, 401, 404, 405]);
      expect([target, refused.status === 401]).toEqual([target, served === 200]);
    }
    await expectRefused(site, { target, tool: 'write_file' }, served === 200 ? 403 : [400, 404, 405]);
  }
});

function throwsTypeError(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}

const RESOURCE = 'http://127.0.0.1:1/mcp';

test('RSA-35 Fail closed at start: no lock is made of bad options', () => {
  const bad: readonly object[] = [
    { policy: { tools: { echo: { scopes: 'file:read' } } } },
    { policy: { tools: { echo: { scope: ['file:read'] } } } },
    { policy: { tools: { echo: { scopes: ['file read'] } } } },
    { policy: { tools: { echo: { scopes: ['*'] } } } },
    { policy: { tools: { echo: { scopes: ['a"b'] } } } },
    { policy: { tools: { echo: { when: 'args.' } } } },
    { policy: { tools: { echo: { when: async () => true } } } },
    { policy: { tools: { '*': {}, echo: { scopes: ['x'] }, 'e*': {} } } },
    { policy: { tools: ['echo'] } },
    { policy: { tools: { echo: null } } },
    { policy: { tool: { echo: {} } } },
    { policy: { scopes: { admin: { imply: ['a'] } } } },
    { policy: { list: 'everything' } },
    { tools: { echo: {} } },
    { verifiers: [] },
    { verifiers: undefined },
    { verifiers: [{ name: 'half' }] },
    { unknownTokenStatus: 200 },
    { limits: { failedPerAddress: 'unlimited' } },
    { limits: { bodyBytes: 0 } },
    { resource: undefined },
    { resource: 'http://mcp.example/mcp' },
    { resource: 'https://user:pass@mcp.example/mcp' },
    { resource: 'https://mcp.example/mcp?x=1' },
  ];
  const good = { resource: RESOURCE, verifiers: [staticTokens({ tokens: 'Kq7w2ZtR9vXs4LmB8nYc' })] };
  expect(() => createLatchkey(good)).not.toThrow();
  const made = bad.filter(
    (options) => !throwsTypeError(() => createLatchkey({ ...good, ...options } as LatchkeyOptions)),
  );
  expect(made).toEqual([]);
});

test('RSA-35 Fail closed at start: no verifier is made of weak tokens', () => {
  const strong = 'Kq7w2ZtR9vXs4LmB8nYc';
  for (const tokens of [
    '',
    ',',
    `${strong},`,
    `${strong},${strong}`,
    'short',
    'a'.repeat(28),
    'your-token-here-change-me',
  ])
    expect(() => staticTokens({ tokens })).toThrow(LatchkeyError);
  expect(() => staticTokens({ env: 'TOKENS_THAT_NOBODY_SET' })).toThrow(LatchkeyError);
});

const RULES = { echo: { scopes: ['file:read'] }, delete_all: { deny: true } };
const BAD: Readonly<Record<string, object>> = {
  'an unknown key': { ...RULES, delete_all: { denied: true } },
  'a bad condition': { ...RULES, echo: { when: 'args.' } },
  'a rule that can never match': { '*': {}, 'delete_*': { deny: true } },
  'a rule that is none': { echo: 'yes' },
};

test('POL-31 policy reload: rules that are not sound change nothing', async () => {
  const kept = (): number => site.gateway.talk().split('the old rules stay in force').length;
  for (const [what, tools] of Object.entries(BAD)) {
    await setRules(site, RULES);
    const before = kept();
    const config = JSON.parse(await readFile(site.gateway.configFile, 'utf8')) as object;
    await writeFile(site.gateway.configFile, JSON.stringify({ ...config, tools }));
    await expect.poll(kept, { timeout: 15_000 }).toBeGreaterThan(before);
    expect([what, (await send(site)).status]).toEqual([what, 200]);
    for (const tool of ['delete_all', 'write_file']) await expectRefused(site, { tool }, 403);
    await expectRefused(site, { token: null }, 401);
  }
  await setRules(site, { ...RULES, write_file: { scopes: ['file:read'] } });
  expect((await send(site, { tool: 'write_file' })).status).toBe(200);
});
