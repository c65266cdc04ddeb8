import { afterAll, beforeAll, expect, test } from 'vitest';
import { exchangeRaw, headerValue, json } from '../fixtures/raw-http.ts';
import { expectEachRefused, expectEachServed, ranBy } from './answers.ts';
import {
  expectRefused,
  initializeCall,
  legacyCall,
  openSession,
  requestBytes,
  send,
  startEverySite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';

let http: Site;
let sites: readonly Site<Spy>[];
beforeAll(async () => {
  sites = [http] = await startEverySite({ limits: { failedPerAddress: '1000/min' } });
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

const REVISION = '2025-11-25';
const echo = (session: string | null, text = 'hi'): Call =>
  legacyCall('tools/call', { name: 'echo', arguments: { text } }, session);
const bare = (method: 'GET' | 'DELETE', session: string | null): Call => ({
  method,
  headers: { 'MCP-Protocol-Version': REVISION, 'Mcp-Session-Id': session },
});
const withHeaders = (call: Call, headers: NonNullable<Call['headers']>): Call => ({
  ...call,
  headers: { ...call.headers, ...headers },
});
/** Whatever can be done with a session. */
const everyUse = (session: string): Record<string, Call> => ({
  call: echo(session),
  list: legacyCall('tools/list', {}, session),
  ping: legacyCall('ping', {}, session),
  initialize: withHeaders(initializeCall(), { 'Mcp-Session-Id': session }),
  notification: {
    ...echo(session),
    body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }),
  },
  response: { ...echo(session), body: JSON.stringify({ jsonrpc: '2.0', id: 1, result: {} }) },
  stream: bare('GET', session),
  end: bare('DELETE', session),
});

const mapCalls = (calls: Record<string, Call>, change: (call: Call) => Call): Record<string, Call> =>
  Object.fromEntries(Object.entries(calls).map(([what, call]) => [what, change(call)]));

test('LEG-02 session id missing', async () => {
  for (const site of sites) {
    await openSession(site);
    for (const session of [null, ''])
      for (const call of [echo(session), legacyCall('tools/list', {}, session), bare('GET', session)])
        expect([400, 404]).toContain((await send(site, call)).status);
    expect((await send(site, echo(null))).status).toBe(400);
  }
});

test('LEG-04 session id is not a credential', async () => {
  for (const site of sites) {
    const session = await openSession(site);
    for (const token of [null, 'lk_garbage', site.tokens.expired, site.tokens.revoked, session])
      await expectEachRefused(
        site,
        mapCalls(everyUse(session), (call) => ({ ...call, token })),
        401,
      );
    await expectEachServed(site, { 'its owner, afterwards': echo(session) });
  }
});

test('LEG-05 session bound to principal', async () => {
  for (const site of sites) {
    const session = await openSession(site);
    const { bob, aliceRead, aliceWrite, admin } = site.tokens;
    // Alice's other token is another principal: nothing says that one person holds both.
    for (const token of [bob, aliceWrite, admin])
      await expectEachRefused(
        site,
        mapCalls(everyUse(session), (call) => ({ ...call, token })),
        [403, 404],
      );
    const withKey = (call: Call): Call => withHeaders({ ...call, token: null }, { 'X-API-Key': site.apiKey });
    await expectEachRefused(site, mapCalls(everyUse(session), withKey), [403, 404]);
    const [id = '', seal = ''] = session.split('.');
    const otherSeal = seal.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const forged = [id, `${id}.`, `${id}.${otherSeal}`, `${session}0`, `x${session}`, `${session}, ${session}`];
    for (const token of [bob, aliceRead])
      for (const guess of [...forged, session.toUpperCase(), `${id}.${'0'.repeat(32)}`])
        await expectEachRefused(site, { [guess]: { ...echo(guess), token } }, 404);
    await expectEachServed(site, { 'its owner, afterwards': echo(session) });
  }
});

test('LEG-08 token refresh keeps session', async () => {
  for (const site of sites) {
    const { token } = await site.gateway.createToken('traveller', '--scope', 'file:read');
    const session = await openSession(site, token);
    const rotated = JSON.parse(await site.gateway.command('token', 'rotate', 'traveller', '--json')) as {
      token: string;
    };
    expect(rotated.token).not.toBe(token);
    const headers = { Authorization: `Bearer ${rotated.token}`, Host: new URL(site.gateway.url).host };
    const exchanged = await fetch(new URL('/.latchkey/rotate', site.gateway.url), { method: 'POST', headers });
    const successor = (await exchanged.json()) as { token: string };
    expect(successor.token).not.toBe(rotated.token);
    await expectEachServed(site, {
      'the second token': { ...echo(session), token: rotated.token },
      'the third token': { ...echo(session), token: successor.token },
      'the first token in its grace': { ...echo(session), token },
    });
    await site.gateway.command('token', 'revoke', 'traveller');
    await expectRefused(site, { ...echo(session), token: successor.token }, 401);
  }
});

test('LEG-10 bad version header', async () => {
  const values = ['banana', '', '2025-13-01', '1900-01-01', `${REVISION} x`, 'latest', '2025-11-25\u00e9'];
  for (const site of sites) {
    const session = await openSession(site);
    const uses = { ...everyUse(session), opening: initializeCall() };
    for (const value of [...values, [REVISION, REVISION], [REVISION, '2025-06-18']])
      await expectEachRefused(
        site,
        mapCalls(uses, (call) => withHeaders(call, { 'MCP-Protocol-Version': value })),
        400,
      );
    await expectEachServed(site, { 'a good one, afterwards': echo(session) });
  }
});

test('LEG-11 absent version header', async () => {
  for (const site of sites)
    for (const negotiated of [REVISION, '2025-06-18', '2025-03-26']) {
      const session = await openSession(site, site.tokens.aliceRead, negotiated);
      const call = withHeaders(echo(session), { 'MCP-Protocol-Version': null });
      const answer = await send(site, call);
      expect(answer.status).toBe(200);
      expect(ranBy(answer).args).toEqual({ text: 'hi' });
      await expectEachServed(site, { 'with it': withHeaders(call, { 'MCP-Protocol-Version': negotiated }) });
    }
});

test('LEG-14 GET without event-stream Accept', async () => {
  for (const site of sites) {
    const session = await openSession(site);
    for (const accept of ['text/html', 'application/json', 'text/html, image/*;q=0.8', 'text/event-streams', ''])
      for (const id of [session, null]) {
        const answer = await expectRefused(site, withHeaders(bare('GET', id), { Accept: accept }), [405, 406]);
        expect(headerValue(answer, 'content-type')).not.toContain('event-stream');
      }
  }
});

test('LEG-17 session id only from its header', async () => {
  for (const site of sites) {
    const session = await openSession(site);
    const other = await openSession(site);
    const inBody = legacyCall('tools/list', { sessionId: session, _meta: { 'Mcp-Session-Id': session } }, null);
    const elsewhere: Record<string, Call> = {
      query: { ...echo(null), target: `/mcp?sessionId=${session}` },
      'query by its name': { ...echo(null), target: `/mcp?Mcp-Session-Id=${session}&session_id=${session}` },
      cookie: withHeaders(echo(null), { Cookie: `Mcp-Session-Id=${session}; sessionId=${session}` }),
      'other headers': withHeaders(echo(null), { 'X-Session-Id': session, 'Session-Id': session }),
      'another spelling': withHeaders(echo(null), { Mcp_Session_Id: session }),
      body: inBody,
    };
    for (const [place, call] of Object.entries(elsewhere)) {
      const { status } = await send(site, call);
      expect({ place, status }).toEqual({ place, status: 400 });
    }
    const both = withHeaders({ ...echo(session), target: `/mcp?sessionId=${other}` }, { Cookie: `sessionId=${other}` });
    await expectEachServed(site, { 'its header and others': both });
    const ending = { ...bare('DELETE', null), target: `/mcp?sessionId=${session}` };
    expect([400, 404, 405]).toContain((await send(site, ending)).status);
    await expectEachServed(site, { 'still there': echo(session), 'and the other': echo(other) });
  }
  expect(http.spy.bytes()).not.toMatch(/sessionId=|session_id=|x-session-id|cookie/i);
});

const entry = (name: string, id: number): object => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: {} },
});

test('LEG-20 batches on 2025-03-26', async () => {
  const note = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } };
  const batches: Record<string, unknown> = {
    'one allowed and one denied': [entry('echo', 1), entry('delete_all', 2)],
    'one denied and one allowed': [entry('delete_all', 1), entry('echo', 2)],
    'one allowed': [entry('echo', 1)],
    notifications: [note, note],
    'a response': [{ jsonrpc: '2.0', id: 1, result: {} }],
    none: [],
    'a batch in a batch': [[entry('echo', 1)]],
  };
  for (const site of sites) {
    const session = await openSession(site, site.tokens.aliceRead, '2025-03-26');
    for (const header of [null, '2025-03-26', REVISION]) {
      const mistakes = Object.entries(batches).map(([what, batch]) => {
        const sent = withHeaders(echo(session), { 'MCP-Protocol-Version': header });
        return [what, { ...sent, body: ` \n${JSON.stringify(batch)}` }] as const;
      });
      await expectEachRefused(site, Object.fromEntries(mistakes), 400, -32600);
    }
    const opening = withHeaders({ ...echo(null), body: `[${String(initializeCall('2025-03-26').body)}]` }, {});
    await expectEachRefused(site, { 'a batch that opens a session': opening }, 400, -32600);
    // Nothing of a batch is left over for the next request of the connection.
    const batch = { ...echo(session), body: JSON.stringify(batches['one allowed and one denied']) };
    const pair = Buffer.concat([requestBytes(site, batch), requestBytes(site, echo(session, 'next'))]);
    const answers = await exchangeRaw(site.gateway.url, pair, 2);
    expect(answers.map(({ status }) => status)).toEqual([400, 200]);
    expect(json(answers[0] as never)).toMatchObject({ error: { code: -32600 } });
    expect(ranBy(answers[1] as never).args).toEqual({ text: 'next' });
  }
});
