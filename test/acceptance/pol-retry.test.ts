import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Offer } from '../fixtures/offer.ts';
import { headerValue } from '../fixtures/raw-http.ts';
import { ranBy, responseOf } from './answers.ts';
import { setRules, startChangingSites, type ChangingSite } from './changing-sites.ts';
import { expectRefused, META, modernCall, send, type Call } from './harness.ts';

const tools: Offer['tools'] = ['ask', 'echo', 'write_file'].map((name) => ({ name, inputSchema: { type: 'object' } }));
const RULES = {
  ask: { scopes: ['file:read'], when: 'args.amount <= 100' },
  echo: { scopes: ['file:read'] },
  write_file: { scopes: ['file:write'] },
};

let sites: readonly [ChangingSite, ChangingSite, ChangingSite];
beforeAll(async () => {
  sites = await startChangingSites({ tools }, { tools: RULES });
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

const ELICITING = { ...META, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
const SMALL = { amount: 1 };

function askCall(token: string, args: object, more: object = {}, name = 'ask'): Call {
  const call = modernCall('tools/call', { name });
  const params = { name, arguments: args, _meta: ELICITING, ...more };
  return { ...call, token, body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params }) };
}

/** The first round: the server wants input. Gives what the retry carries besides the call itself (MCP 2026-07-28 MRTR). */
async function openRound(site: ChangingSite, token: string): Promise<object> {
  const { result } = responseOf(await send(site, askCall(token, SMALL)));
  expect(result).toMatchObject({ resultType: 'input_required', requestState: expect.any(String) });
  const [key = ''] = Object.keys(result?.['inputRequests'] as object);
  const inputResponses = { [key]: { action: 'accept', content: { name: 'Ada' } } };
  return { inputResponses, requestState: result?.['requestState'] };
}

test('POL-30 retry is judged again: a retry that is still allowed runs', async () => {
  for (const site of sites) {
    const round = await openRound(site, site.tokens.aliceRead);
    expect(ranBy(await send(site, askCall(site.tokens.aliceRead, SMALL, round)))).toEqual({ ran: 'ask', args: SMALL });
  }
});

test('POL-30 retry is judged again: with changed arguments', async () => {
  for (const site of sites) {
    const token = site.tokens.aliceRead;
    const round = await openRound(site, token);
    for (const args of [
      { amount: 101 },
      { amount: '1' },
      {},
      { Amount: 1 },
      { amount: 1, AMOUNT: 1000 },
      { amount: null },
    ])
      await expectRefused(site, askCall(token, args, round), 403);
    for (const name of ['write_file', 'norule', 'Ask'])
      await expectRefused(site, askCall(token, SMALL, round, name), 403);
    const body = String(askCall(token, SMALL, round).body);
    for (const twice of [
      body.replace('"arguments":{', '"arguments":{"amount":1000},"arguments":{'),
      body.replace('"arguments":{', '"arguments":{"amount":1000,'),
      body.replace('"name":"ask"', '"name":"write_file","name":"ask"'),
      body.replace('"requestState"', '"Arguments":{"amount":1000},"requestState"'),
    ])
      await expectRefused(site, { ...askCall(token, SMALL, round), body: twice }, 400);
    // None of them used the round up.
    expect(ranBy(await send(site, askCall(token, SMALL, round))).ran).toBe('ask');
  }
});

test('POL-30 retry is judged again: after the scope was removed from the rules of the caller', async () => {
  for (const site of sites) {
    const token = site.tokens.aliceRead;
    const round = await openRound(site, token);
    await setRules(site, { ...RULES, ask: { scopes: ['file:read', 'ask:more'] } });
    const refused = await expectRefused(site, askCall(token, SMALL, round), 403);
    expect(headerValue(refused, 'www-authenticate')).toContain('scope="file:read ask:more"');
    await setRules(site, { ...RULES, ask: { deny: true } });
    await expectRefused(site, askCall(token, SMALL, round), 403);
    await setRules(site, { echo: RULES.echo });
    await expectRefused(site, askCall(token, SMALL, round), 403);
    await setRules(site, RULES);
  }
});

test('POL-30 retry is judged again: after the token was revoked, ended, or made anew with fewer scopes', async () => {
  for (const site of sites) {
    const make = async (name: string, ...flags: readonly string[]): Promise<string> =>
      (await site.gateway.createToken(name, ...flags)).token;
    const token = await make('asker', '--scope', 'file:read');
    const round = await openRound(site, token);
    await site.gateway.command('token', 'revoke', 'asker');
    await expectRefused(site, askCall(token, SMALL, round), 401);
    const fewer = await make('asker', '--scope', 'other');
    await expectRefused(site, askCall(fewer, SMALL, round), 403);
    await expectRefused(site, askCall(token, SMALL, round), 401);
  }
});

test('POL-30 retry is judged again: after the token came to its end', async () => {
  const [site] = sites;
  const { token } = await site.gateway.createToken('short', '--scope', 'file:read', '--ttl', '8s');
  const round = await openRound(site, token);
  await expect.poll(async () => (await send(site, { token })).status, { timeout: 15_000 }).toBe(401);
  await expectRefused(site, askCall(token, SMALL, round), 401);
});
