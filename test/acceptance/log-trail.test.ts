import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { exchangeRaw, headerValue, json, type RawAnswer } from '../fixtures/raw-http.ts';
import { trailLines, trailRecords, type TrailRecord } from '../fixtures/trail-files.ts';
import { readChallenge } from './challenge.ts';
import {
  callBody,
  legacyCall,
  META,
  modernCall,
  openSession,
  requestBytes,
  send,
  startEverySite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';

const RATED = { scopes: ['file:read'], limit: '1/h' };
const ME = `user:${userInfo().username}`;

let sites: readonly Site<Spy>[];
let site: Site<Spy>;
beforeAll(async () => {
  sites = await startEverySite({
    limits: { failedPerAddress: '100000/min' },
    tools: {
      echo: { scopes: ['file:read'] },
      write_file: { scopes: ['file:write'] },
      copy_secret: { scopes: ['file:read', 'secret:read'] },
      query: RATED,
      'odd*': { scopes: ['never'] },
    },
  });
  site = sites[0] as Site<Spy>;
}, 180_000);
afterAll(async () => {
  for (const each of sites.toReversed()) await each.close();
});

/** Place of a request among all of its gateway. */
const placeOf = ({ requestId }: TrailRecord): number => Number.parseInt((requestId ?? '').split('-')[1] ?? '', 36);

/**
 * Runs `act` and returns the records it left, in the order the requests came. A record is written when its answer has
 * ended, so it waits for `count` of them and then for those of two later requests, with which any more would be there too.
 */
async function recordsOf(on: Site<Spy>, act: () => Promise<unknown>, count = 0): Promise<readonly TrailRecord[]> {
  const before = trailRecords(on.gateway.store).length;
  const news = (): readonly TrailRecord[] => trailRecords(on.gateway.store).slice(before);
  await act();
  const markers: unknown[] = [];
  for (const awaited of [count, 0]) {
    const marker = json(await send(on, { method: 'GET', target: '/marker', token: null }));
    markers.push(marker.error?.data?.['requestId']);
    const isThere = (): boolean => {
      const found = news();
      return found.length >= awaited + 1 && found.some(({ requestId }) => requestId === markers.at(-1));
    };
    await expect.poll(isThere, { timeout: 10_000 }).toBe(true);
  }
  return news()
    .filter(({ requestId }) => !markers.includes(requestId))
    .toSorted((one, other) => (one.requestId === null || other.requestId === null ? 0 : placeOf(one) - placeOf(other)));
}

type Expected = Readonly<Partial<TrailRecord>>;

/** One request of each kind, and what its one record must say. */
function requestsOf({ tokens, apiKey }: Site<Spy>): Readonly<Record<string, readonly [Call, Expected]>> {
  const nobody = { principal: null, credential: null, decision: 'deny' } as const;
  const alice = { principal: expect.stringMatching(/^token:[0-9a-f]{20}$/), credential: 'alice-read' } as const;
  const read = { method: 'tools/call', target: 'echo' } as const;
  const refusedUnread = { ...nobody, status: 401, method: null, target: null };
  return {
    'a call': [{}, { ...alice, ...read, decision: 'allow', reason: 'allowed', status: 200 }],
    'a call with a key': [
      { token: null, headers: { 'X-API-Key': apiKey } },
      { ...read, principal: expect.stringMatching(/^key:/), credential: 'robot', decision: 'allow', status: 200 },
    ],
    'no token': [{ token: null }, { ...refusedUnread, reason: 'credential-missing' }],
    'a malformed token': [{ token: 'lk_x' }, { ...refusedUnread, reason: 'credential-malformed' }],
    'an unknown token': [{ token: 'garbage' }, { ...refusedUnread, reason: 'credential-unknown' }],
    'an expired token': [{ token: tokens.expired }, { ...refusedUnread, reason: 'credential-expired' }],
    'a revoked token': [{ token: tokens.revoked }, { ...refusedUnread, reason: 'credential-revoked' }],
    'a token for elsewhere': [{ token: tokens.audience }, { ...refusedUnread, reason: 'credential-audience' }],
    'two credentials': [
      { headers: { 'X-API-Key': apiKey } },
      { ...nobody, reason: 'credential-ambiguous', status: 400 },
    ],
    'a missing scope': [
      { tool: 'write_file' },
      {
        ...alice,
        target: 'write_file',
        decision: 'deny',
        reason: 'policy-scope',
        status: 403,
        neededScopes: ['file:write'],
      },
    ],
    'no rule': [
      { tool: 'delete_all' },
      { ...alice, target: 'delete_all', decision: 'deny', reason: 'policy-no-rule', status: 403 },
    ],
    'a header that does not match': [
      { headers: { 'Mcp-Name': 'write_file' } },
      { ...alice, ...read, decision: 'deny', reason: 'header-mismatch', status: 400 },
    ],
    'a batch': [
      { body: `[${callBody()},${callBody()}]` },
      { ...alice, method: null, target: null, decision: 'deny', reason: 'message-invalid', status: 400 },
    ],
    'no JSON': [{ body: '{"a":' }, { ...alice, decision: 'deny', reason: 'json-malformed', status: 400 }],
    'another type of body': [
      { headers: { 'Content-Type': 'text/plain' } },
      { ...alice, decision: 'deny', reason: 'content-type', status: 415 },
    ],
    'too large a body': [
      { body: callBody({ args: { text: 'x'.repeat(2 ** 20) } }) },
      { ...alice, decision: 'deny', reason: 'body-too-large', status: 413 },
    ],
    'an unknown version': [
      {
        headers: { 'MCP-Protocol-Version': '1900-01-01' },
        body: callBody({ meta: { ...META, 'io.modelcontextprotocol/protocolVersion': '1900-01-01' } }),
      },
      { ...alice, decision: 'deny', reason: 'version-unsupported', status: 400 },
    ],
    'an unknown method': [
      modernCall('no/such'),
      { ...alice, method: 'no/such', decision: 'deny', reason: expect.stringMatching(/^(?:method-unknown|policy-)/) },
    ],
    'an unknown session': [
      legacyCall('tools/list', {}, 'made-up'),
      { ...alice, method: 'tools/list', decision: 'deny', reason: 'session-unknown', status: 404 },
    ],
    'a foreign origin': [
      { headers: { Origin: 'https://evil.example' } },
      { ...nobody, reason: 'origin-foreign', status: 403 },
    ],
    'a foreign host': [{ headers: { Host: 'evil.example' } }, { ...nobody, reason: 'host-foreign', status: 421 }],
    'another path': [{ target: '/other' }, { ...nobody, reason: 'path-unknown', status: 404 }],
    'another HTTP method': [
      { method: 'PUT', body: null },
      { ...nobody, httpMethod: 'PUT', reason: 'http-method', status: 405 },
    ],
  };
}

test(
  'LOG-04 Complete trail: one record of each request, with who, what, why, from where',
  { timeout: 120_000 },
  async () => {
    for (const each of sites) {
      const requests = Object.entries(requestsOf(each));
      const found = await recordsOf(
        each,
        async () => {
          for (const [, [call]] of requests) await send(each, call);
        },
        requests.length,
      );
      expect(found).toHaveLength(requests.length);
      for (const [index, [name, [call, expected]]] of requests.entries()) {
        const record = found[index];
        expect({ name, record }).toMatchObject({ name, record: { httpMethod: call.method ?? 'POST', ...expected } });
        expect(record).toMatchObject({ client: null, address: '127.0.0.1' });
        expect(record?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      }
      expect(new Set(found.map(({ requestId }) => requestId)).size).toBe(found.length);
    }
  },
);

test('LOG-04 Complete trail: a limit, a request that is no HTTP, and a successor taken over the network', async () => {
  const { token } = await site.gateway.createToken('taker', '--scope', 'file:read');
  const found = await recordsOf(site, async () => {
    expect(
      (await send(site, { tool: 'query', args: { region: 'eu' }, headers: { 'Mcp-Param-Region': 'eu' } })).status,
    ).toBe(200);
    expect((await send(site, { tool: 'query' })).status).toBe(429);
    await exchangeRaw(site.gateway.url, 'NO HTTP AT ALL\r\n\r\n');
    expect((await send(site, { target: '/.latchkey/rotate', body: '', token })).status).toBe(200);
    expect((await send(site, { target: '/.latchkey/rotate', body: '', token })).status).toBe(403);
  });
  const rotate = { method: '/.latchkey/rotate', credential: 'taker' };
  expect(found).toMatchObject([
    { target: 'query', decision: 'allow', reason: 'allowed' },
    { target: 'query', decision: 'deny', reason: 'limit-target', status: 429 },
    { decision: 'deny', reason: 'framing', status: 400, address: '127.0.0.1' },
    { ...rotate, decision: 'allow', reason: 'allowed', status: 200 },
    { ...rotate, decision: 'deny', reason: 'policy-denied', status: 403 },
  ]);
  expect(found).toHaveLength(5);
});

test('LOG-04 Complete trail: one record of each change of credentials, with who made it', async () => {
  const { gateway } = site;
  const key = ['--owner', 'Ada', '--scope', 'file:read', '--ttl', '90d'] as const;
  const found = await recordsOf(site, async () => {
    await gateway.createToken('changed', '--scope', 'file:read', '--server', 'default');
    await gateway.command('token', 'rotate', 'changed', '--grace', '1h');
    await gateway.command('token', 'revoke', 'changed');
    await gateway.command('key', 'create', 'machine', ...key);
    await gateway.command('key', 'revoke', 'machine');
    // What changes nothing leaves nothing.
    for (const words of [
      ['token', 'revoke', 'changed'],
      ['token', 'create', 'bob'],
      ['key', 'create', 'robot', ...key],
    ])
      await expect(gateway.command(...words)).rejects.toThrow(/E_CREDENTIAL_DEAD|E_NAME_TAKEN/);
    await gateway.command('token', 'list');
  });
  const by = { principal: ME, decision: 'allow', reason: 'allowed', requestId: null, address: null };
  const rights = { scopes: ['file:read'], expiresAt: expect.stringMatching(/^\d{4}-.*Z$/) };
  expect(found).toMatchObject([
    { ...by, method: 'token create', target: 'changed', change: { ...rights, servers: ['default'], ended: [] } },
    { ...by, method: 'token rotate', target: 'changed', change: rights },
    { ...by, method: 'token revoke', target: 'changed', change: rights },
    { ...by, method: 'key create', target: 'machine', change: { ...rights, owner: 'Ada', servers: null, ended: [] } },
    { ...by, method: 'key revoke', target: 'machine' },
  ]);
  expect(found).toHaveLength(5);
  const [made, rotated, revoked, keyMade, keyRevoked] = found.map(({ change }) => change);
  expect(rotated?.['ended']).toEqual([made?.['id']]);
  expect(revoked?.['ended']).toEqual([made?.['id'], rotated?.['id']]);
  expect(rotated?.['family']).toBe(made?.['family']);
  expect(keyRevoked?.['ended']).toEqual([keyMade?.['id']]);
  const shown = await gateway.command('trail', '--limit', '1000');
  expect(shown).toMatch(new RegExp(`allow +allowed +- +${ME} +token revoke +changed`));
});

test('LOG-04 Complete trail: what the gateway issues by itself is there too', async () => {
  const file = join(site.gateway.configFile, '..', 'handed-over.json');
  const gateway = await startLatchkey({
    config: {
      upstream: { url: (sites[0] as Site).spy.url },
      auth: { tokens: { ttl: '60s', rotate: { every: '1s', grace: '2s', deliver: { file } } } },
    },
  });
  await expect.poll(() => trailRecords(gateway.store).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
  const by = { principal: 'gateway', target: 'default', address: null };
  const [made, rotated, delivered] = trailRecords(gateway.store);
  expect([made, rotated, delivered]).toMatchObject([
    { ...by, method: 'token create', change: { scopes: ['*'], ended: [] } },
    { ...by, method: 'token rotate', change: { ended: [] } },
    { ...by, method: 'token deliver', change: { ended: [made?.change?.['id']] } },
  ]);
  expect(delivered?.change?.['id']).toBe(rotated?.change?.['id']);
  const handed = (JSON.parse(await readFile(file, 'utf8')) as { default: { token: string } }).default.token;
  for (const secret of [gateway.token, handed])
    expect(trailLines(gateway.store).join('\n')).not.toContain(secret.slice(0, 8));
  await gateway.close();
});

/** Text that ends a line, a string, a record or a terminal's patience. */
const ODD: readonly string[] = [
  'a\r\n{"time":"2026-01-01T00:00:00.000Z","decision":"allow","target":"forged"}',
  '"},{"decision":"allow","target":"forged"',
  '\\","target":"forged","x":"\\',
  '\u001b[2J\u001b]0;owned\u0007',
  '\u2028{"target":"forged"}\u2029',
  '\u0000\u0008\u007f\u0085\u009b31m',
  '{"seal":1,"prev":"","step":1,"marks":"","mac":""}',
  '\u202egnp.exe\u2066',
  '\u{1f511}'.repeat(300),
  '\ufeff</script><!--',
];

test('LOG-03 Log injection: in names and methods of a message', { timeout: 120_000 }, async () => {
  for (const each of sites) {
    const lines = trailLines(each.gateway.store).length;
    const found = await recordsOf(each, async () => {
      for (const odd of ODD) {
        const name = `odd${odd}`;
        const encoded = `=?base64?${Buffer.from(name).toString('base64')}?=`;
        const meta = { ...META, 'io.modelcontextprotocol/clientInfo': { name: odd, version: odd } };
        const { status } = await send(each, { tool: name, meta, headers: { 'Mcp-Name': encoded } });
        expect(status).toBe(/\p{Cc}/u.test(odd) ? 400 : 403);
        await send(each, {
          ...modernCall('x'),
          body: JSON.stringify({ jsonrpc: '2.0', id: odd, method: odd, params: { _meta: META } }),
        });
      }
      // Half a character pair is no text; the body is refused, or the name is made whole.
      await send(each, { body: callBody().replace('"echo"', '"\\ud800"') });
    });
    expect(found).toHaveLength(ODD.length * 2 + 1);
    // A name with a control character is none, and is not written down.
    for (const [index, odd] of ODD.entries()) expectShows(found[index * 2], /\p{Cc}/u.test(odd) ? null : `odd${odd}`);
    expect(found.filter(({ target, decision }) => target === 'forged' || decision === 'allow')).toEqual([]);
    expectClean(trailLines(each.gateway.store).slice(lines));
  }
});

/** The whole text, or its beginning where it is long. */
function expectShows(record: TrailRecord | undefined, text: string | null): void {
  const shown = record?.target ?? null;
  const cut = text !== null && shown?.endsWith('…') === true ? `${text.slice(0, shown.length - 2)}` : text;
  expect(cut === text ? shown : shown?.slice(0, -2)).toBe(cut);
}

/** Every line is one JSON object, and holds no character that does something. */
function expectClean(lines: readonly string[]): void {
  for (const line of lines) {
    expect(JSON.parse(line)).toBeTypeOf('object');
    expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\ufffe\uffff]/u);
  }
}

test('LOG-03 Log injection: in the request line and headers', async () => {
  const host = new URL(site.gateway.url).host;
  const lines = trailLines(site.gateway.store).length;
  const odd = ODD.slice(0, 8).map((text) => Buffer.from(text));
  const withHeader = (name: string, value: Buffer): Buffer => {
    const bytes = requestBytes(site, {});
    const at = bytes.indexOf('\r\n') + 2;
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from(`${name}: `),
      value,
      Buffer.from('\r\n'),
      bytes.subarray(at),
    ]);
  };
  const requests = odd.flatMap((text) => [
    ...['User-Agent', 'X-Request-Id', 'Mcp-Session-Id', 'X-Forwarded-For', 'Origin', 'traceparent', 'Referer'].map(
      (name) => withHeader(name, text),
    ),
    Buffer.concat([Buffer.from('GET /mcp?'), text, Buffer.from(` HTTP/1.1\r\nHost: ${host}\r\n\r\n`)]),
    Buffer.from(`GET /${encodeURIComponent(text.toString())} HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
    Buffer.concat([text, Buffer.from(` / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)]),
  ]);
  const found = await recordsOf(site, async () => {
    for (const bytes of requests) await exchangeRaw(site.gateway.url, bytes);
  });
  // Where a CR LF got through, the rest was another request (or no HTTP), and has its own record.
  expect(found.length).toBeGreaterThanOrEqual(requests.length);
  expect(found.length).toBeLessThanOrEqual(requests.length + 10);
  expect(JSON.stringify(found)).not.toContain('forged');
  const ids = found.map(({ requestId }) => requestId);
  expect(ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-z]+$/.test(id ?? ''))).toEqual([]);
  expectClean(trailLines(site.gateway.store).slice(lines));
});

test('LOG-03 Log injection: in what clients call themselves, and in the program’s own log', async () => {
  const gateway = await startLatchkey({
    config: { upstream: { url: (sites[0] as Site).spy.url } },
    env: { LATCHKEY_LOG: 'debug' },
  });
  const own: Site<Spy> = { ...site, gateway };
  for (const odd of ODD) {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: odd, version: odd } };
    await send(own, { ...legacyCall('initialize', params, null), token: gateway.token });
  }
  const session = await openSession(own, gateway.token);
  await send(own, {
    ...legacyCall('notifications/cancelled', { reason: ODD.join('') }, session, undefined),
    token: gateway.token,
  });
  await gateway.kill('SIGTERM');
  const said = gateway.talk().split('\n').filter(Boolean);
  expectClean(said);
  expectClean(trailLines(gateway.store));
  await gateway.close();
});

test('LOG-09 Arguments not logged by default', async () => {
  const secret = 'hunter2-Kx81-arguments';
  for (const each of sites) {
    const found = await recordsOf(each, async () => {
      await send(each, { args: { text: secret, password: secret, [secret]: { deep: [secret] } } });
      await send(each, { tool: 'write_file', args: { api_key: secret } });
      await send(each, { body: callBody({ args: { text: secret } }).slice(0, -1) });
      await send(each, modernCall('tools/call', { name: 'delete_all', arguments: { secret } }));
    });
    expect(found).toHaveLength(4);
    expect(trailLines(each.gateway.store).join('\n') + each.gateway.talk()).not.toContain(secret);
  }
});

test('LOG-17 Elevation events: what was needed, what is held, and the id that ties both ends together', async () => {
  let answer = null as unknown as RawAnswer;
  const [refused] = await recordsOf(site, async () => {
    answer = await send(site, { tool: 'copy_secret' });
  });
  expect(readChallenge(answer)).toMatchObject({ error: 'insufficient_scope', scope: 'file:read secret:read' });
  expect(refused).toMatchObject({
    credential: 'alice-read',
    target: 'copy_secret',
    reason: 'policy-scope',
    neededScopes: ['file:read', 'secret:read'],
    requestId: json(answer).error?.data?.['requestId'],
  });
  expect(headerValue(answer, 'www-authenticate')).not.toContain('offline_access');
  // The step itself: a token with the scope is made, by whom and with what, and then the call goes through.
  let token = '';
  const [made, allowed] = await recordsOf(site, async () => {
    ({ token } = await site.gateway.createToken('stepped-up', '--scope', 'file:read', '--scope', 'secret:read'));
    expect((await send(site, { tool: 'copy_secret', token })).status).toBe(200);
  });
  expect(made).toMatchObject({ method: 'token create', change: { scopes: ['file:read', 'secret:read'] } });
  expect(allowed).toMatchObject({
    credential: 'stepped-up',
    principal: `token:${String(made?.change?.['family'])}`,
    target: 'copy_secret',
    decision: 'allow',
  });
});
