import express, { type Express } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { handMadeLock, type HandMade } from '../../../../test/fixtures/hand-made-lock.ts';
import { listen, type Listening } from '../../../../test/fixtures/listening.ts';
import { latchkey } from './express.ts';

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
const CALL = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'echo', arguments: {} } };
const TOOLS = { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'echo' }, { name: 'rm' }] } };

let site: Listening | null = null;
afterEach(() => site?.close());

function makeLock(): HandMade {
  return handMadeLock({ alice: ['a', 'r'], bob: ['b'] }, { echo: ['a'], rm: ['x'] });
}

async function serve(app: Express): Promise<string> {
  site = await listen(app);
  return site.url;
}

function post(url: string, token: string | null, body: unknown): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

describe('latchkey/express', () => {
  it('lets in who holds the scopes, and says who that is', async () => {
    const { latchkey: lock, entries } = makeLock();
    const { protect } = latchkey(lock);
    const app = express();
    app.get('/report', protect({ scopes: ['r'] }), (req, res) => {
      res.json({ name: req.principal?.name, auth: req.auth?.clientId, token: req.auth?.token });
    });
    const url = await serve(app);
    const answers = await Promise.all(
      ['alice', 'slow-alice', 'bob', 'eve'].map((token) =>
        fetch(`${url}/report`, { headers: { authorization: `Bearer ${token}` } }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 403, 401]);
    expect(await answers[0]?.json()).toEqual({ name: 'alice', auth: 'token:alice', token: '[redacted]' });
    expect(answers[2]?.headers.get('www-authenticate')).toContain('scope="r"');
    expect((await fetch(`${url}/report`)).status).toBe(401);
    expect(entries.map(({ decision }) => decision).toSorted()).toEqual(['allow', 'allow', 'deny', 'deny', 'deny']);
  });

  it.each(['alice', 'slow-alice'])('shows %s the tools it may call, and hands on what was judged', async (token) => {
    const { latchkey: lock } = makeLock();
    const app = express();
    const seen: unknown[] = [];
    app.post('/mcp', latchkey(lock).protectMcp(), (req, res) => {
      seen.push(req.body);
      res.json(TOOLS);
    });
    const url = await serve(app);
    const listed = await post(`${url}/mcp`, token, LIST);
    expect([listed.status, await listed.json()]).toEqual([
      200,
      { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'echo' }] } },
    ]);
    expect((await post(`${url}/mcp`, token, CALL)).status).toBe(200);
    expect((await post(`${url}/mcp`, 'bob', CALL)).status).toBe(403);
    expect((await post(`${url}/mcp`, null, CALL)).status).toBe(401);
    expect((await post(`${url}/mcp`, token, '{"a":1,"a":2}')).status).toBe(400);
    expect(seen).toEqual([LIST, CALL]);
  });
});
