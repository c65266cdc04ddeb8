import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { exchangeInTurn, headerValues, json, type RawAnswer } from '../fixtures/raw-http.ts';
import { expectDiscreet, metadataUrl, readChallenge } from './challenge.ts';
import {
  expectRefused,
  legacyCall,
  modernCall,
  openSession,
  requestBytes,
  send,
  startSite,
  type Call,
  type Site,
} from './harness.ts';

let site: Site;
beforeAll(async () => {
  const limits = { failedPerAddress: '100000/min' };
  const scopes = {
    admin: { implies: ['file:read', 'file:write'] },
    root: { implies: ['admin'] },
    circle: { implies: ['ring'] },
    ring: { implies: ['circle', 'file:read'] },
  };
  site = await startSite({ limits, scopes });
});
afterAll(() => site.close());

/** Refused with 403 and a challenge that names exactly these scopes. */
async function expectStepUp(call: Call, scopes: readonly string[]): Promise<RawAnswer> {
  const answer = await expectRefused(site, call, 403);
  expect(readChallenge(answer)).toEqual({
    error: 'insufficient_scope',
    scope: scopes.join(' '),
    resource_metadata: metadataUrl(site),
  });
  expectDiscreet(site, answer);
  return answer;
}

function namesIn(answer: RawAnswer): readonly string[] {
  const { tools } = json(answer).result as { tools: { name: string }[] };
  return tools.map(({ name }) => name);
}

test('RSA-20 Insufficient scope', async () => {
  const answer = await expectStepUp({ tool: 'write_file', id: 'w-1' }, ['file:write']);
  expect(json(answer)).toMatchObject({ id: 'w-1', error: { code: 403 } });
  const { none } = site.tokens;
  await expectStepUp({ token: none }, ['file:read']);
  await expectStepUp({ ...modernCall('resources/read', { uri: 'file:///data/a' }), token: none }, ['file:read']);
  await expectStepUp({ ...modernCall('prompts/get', { name: 'greet' }), token: none }, ['file:read']);
  const session = await openSession(site);
  await expectStepUp(legacyCall('tools/call', { name: 'write_file', arguments: {} }, session), ['file:write']);
  // What no scope lifts is refused without a promise that one would.
  const denied = await expectRefused(site, { tool: 'delete_all' }, 403);
  expect(headerValues(denied, 'www-authenticate')).toEqual([]);
});

test('RSA-21 One challenge, all scopes', async () => {
  for (const token of [site.tokens.none, site.tokens.aliceRead, site.tokens.admin])
    await expectStepUp({ tool: 'copy_secret', token }, ['file:read', 'secret:read']);
});

test('RSA-22 Challenge is minimal', async () => {
  const answers = [
    await expectStepUp({ tool: 'copy_secret', token: site.tokens.none }, ['file:read', 'secret:read']),
    await expectStepUp({ tool: 'write_file' }, ['file:write']),
    await expectRefused(site, { token: null }, 401),
    await expectRefused(site, { token: 'garbage' }, 401),
  ];
  for (const answer of answers) {
    const scopes = (readChallenge(answer)['scope'] ?? '').split(' ');
    for (const more of ['offline_access', 'openid', 'admin', 'root', '*']) expect(scopes).not.toContain(more);
  }
});

test('RSA-23 Scope hierarchy', async () => {
  const { admin, aliceWrite } = site.tokens;
  expect((await send(site, { token: admin })).status).toBe(200);
  expect((await send(site, { token: admin, tool: 'write_file' })).status).toBe(200);
  const make = async (scope: string): Promise<string> =>
    (await site.gateway.createToken(`holds-${scope}`, '--scope', scope)).token;
  // Over several steps, and in a circle.
  expect((await send(site, { token: await make('root'), tool: 'write_file' })).status).toBe(200);
  const circle = await make('circle');
  expect((await send(site, { token: circle })).status).toBe(200);
  await expectStepUp({ token: circle, tool: 'write_file' }, ['file:write']);
  // Never upwards, and by no likeness of names.
  expect((await send(site, { token: aliceWrite, tool: 'write_file' })).status).toBe(200);
  await expectStepUp({ token: aliceWrite, tool: 'copy_secret' }, ['file:read', 'secret:read']);
  for (const scope of ['file', 'file:', 'file:*', 'file:read:all', 'FILE:READ', 'admins', 'file:rea'])
    await expectStepUp({ token: await make(scope) }, ['file:read']);
});

test('RSA-24 Challenge cannot be injected', async () => {
  const evil = ['evil.example', 'evil"x', 'evil\\"', 'a", error="none', 'evil\tx', 'evil, Bearer realm="x"'];
  const expected = { resource_metadata: metadataUrl(site) };
  for (const text of evil) {
    for (const name of ['X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Prefix', 'Forwarded', 'X-Host', 'Via'])
      expect(readChallenge(await expectRefused(site, { token: null, headers: { [name]: text } }, 401))).toEqual(
        expected,
      );
    const answer = await expectRefused(site, { token: null, headers: { Host: text } }, [400, 421]);
    expect(JSON.stringify(answer)).not.toContain('evil');
  }
  for (const target of ['/mcp"', '/mcp\\', '/mcp%0d%0aX:%20y', '/mcp", error="none', "/mcp'", '/mcp%22', '/a"/mcp']) {
    for (const token of [null, site.tokens.none]) {
      const answer = await expectRefused(site, { token, target }, [400, 404]);
      expect(headerValues(answer, 'www-authenticate')).toEqual([]);
    }
  }
  const query = await expectRefused(site, { token: null, target: '/mcp?a="\\&b=%0d%0aX-Evil:%20y' }, 401);
  expect(readChallenge(query)).toEqual(expected);
  expect(JSON.stringify(query)).not.toContain('Evil');
  for (const host of ['a\r\nX-Evil: b', 'a\nX-Evil: b', 'a\r\n X-Evil: b']) {
    const answer = await expectRefused(site, { token: null, headers: { Host: host } }, [400, 421]);
    expect(JSON.stringify(answer)).not.toContain('Evil');
  }
  // Nor from the operator's side: such a scope is refused when the rules are read.
  for (const scope of ['a"b', 'a\\b', 'a\r\nX: y', 'é']) {
    const config = { upstream: { url: site.spy.url }, tools: { echo: { scopes: [scope] } } };
    await expect(startLatchkey({ config })).rejects.toThrow('E_CONFIG_INVALID');
  }
});

test('RSA-34 tools/list filtered by grant', async () => {
  const list = modernCall('tools/list');
  const readable = ['echo', 'query', 'ask', 'slow'];
  const first = await send(site, list);
  expect(namesIn(first)).toEqual(readable);
  const onOne = await exchangeInTurn(
    site.gateway.url,
    Array.from({ length: 25 }, () => requestBytes(site, list)),
  );
  const onMany = await Promise.all(Array.from({ length: 25 }, () => send(site, { ...list, token: site.tokens.bob })));
  for (const answer of [...onOne, ...onMany]) expect(answer.body).toBe(first.body);
  expect(onOne).toHaveLength(25);

  const seenBy = async (token: string): Promise<readonly string[]> => namesIn(await send(site, { ...list, token }));
  expect(await seenBy(site.tokens.aliceWrite)).toEqual(['echo', 'write_file', 'query', 'ask', 'slow']);
  expect(await seenBy(site.tokens.admin)).toEqual(['echo', 'write_file', 'query', 'ask', 'slow']);
  expect(await seenBy(site.tokens.none)).toEqual([]);
  // The rules are the whole list: what has none is hidden from the holder of every scope too.
  expect(await seenBy(site.gateway.token)).toEqual(['echo', 'write_file', 'copy_secret', 'query', 'ask', 'slow']);
  const session = await openSession(site);
  expect(namesIn(await send(site, legacyCall('tools/list', {}, session)))).toEqual(readable);
});
