import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { latchkey, type LatchkeyVariables } from '../../packages/latchkey/src/hono.ts';
import { makeLock, METADATA_PATH, RESOURCE } from './hand-made-lock.ts';

const TOKENS = { alice: ['report:read'], bob: [] };
const AS_ALICE = { authorization: 'Bearer alice', host: 'api.example' };

describe('latchkey/hono', () => {
  test('lets in who holds the scopes, and nobody else', async () => {
    const { latchkey: lock, trail } = makeLock({ tokens: TOKENS });
    const door = latchkey(lock);
    const app = new Hono();
    app.use(door.metadata());
    app.get('/report', door.protect({ scopes: ['report:read'] }), (c) => c.text(`hello ${c.get('principal').id}`));
    const allowed = await app.request('/report', { headers: AS_ALICE });
    expect([allowed.status, await allowed.text()]).toEqual([200, 'hello alice']);
    expect((await app.request('/report', { headers: { authorization: 'Bearer bob' } })).status).toBe(403);
    expect((await app.request('/report')).status).toBe(401);
    expect(trail.map(({ status }) => status)).toEqual([200, 403, 401]);
    expect(await (await app.request(METADATA_PATH)).json()).toEqual({ resource: RESOURCE });
    expect((await app.request('/elsewhere')).status).toBe(404);
  });

  test('hands on the very message that was judged, and shows each caller its own list', async () => {
    const { latchkey: lock, trail } = makeLock({ tokens: TOKENS, tools: { read: ['report:read'], write: ['admin'] } });
    const app = new Hono<{ Variables: LatchkeyVariables }>();
    app.use('/mcp', latchkey(lock).protectMcp());
    app.post('/mcp', async (c) => {
      const { id, method } = await c.req.json<{ id: number; method: string }>();
      if (method !== 'tools/list') return c.json({ jsonrpc: '2.0', id, result: { who: c.get('auth').clientId } });
      return c.json({ jsonrpc: '2.0', id, result: { tools: [{ name: 'read' }, { name: 'write' }] } });
    });
    const post = async (body: unknown): Promise<readonly [number, unknown]> => {
      const headers = { ...AS_ALICE, 'content-type': 'application/json' };
      const answer = await app.request('/mcp', { method: 'POST', headers, body: JSON.stringify(body) });
      return [answer.status, await answer.json()];
    };
    expect(await post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).toEqual([
      200,
      { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'read' }] } },
    ]);
    expect(await post({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'read' } })).toEqual([
      200,
      { jsonrpc: '2.0', id: 2, result: { who: 'alice' } },
    ]);
    expect((await post({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'write' } }))[0]).toBe(403);
    expect(trail.map(({ decision }) => decision)).toEqual(['allow', 'allow', 'deny']);
  });
});
