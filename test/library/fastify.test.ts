import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { latchkey } from '../../packages/latchkey/src/fastify.ts';
import type { HandMadeLock } from './hand-made-lock.ts';
import { makeLoopbackLock } from './loopback-lock.ts';

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { n: 1 } } };
const TOOLS = { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'echo' }, { name: 'rm' }] } };
const SHOWN = { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'echo' }] } };

let app: FastifyInstance = fastify();
afterEach(() => app.close());

const makeLock = (): HandMadeLock =>
  makeLoopbackLock({ tokens: { alice: ['a', 'report'] }, tools: { echo: ['a'], rm: ['x'] } });

function post(message: unknown, url = '/mcp'): Promise<{ statusCode: number; body: string; headers: object }> {
  const payload = typeof message === 'string' ? message : JSON.stringify(message);
  const headers = { host: 'localhost', authorization: 'Bearer alice', 'content-type': 'application/json' };
  return app.inject({ method: 'POST', url, headers, payload });
}

describe('latchkey/fastify', () => {
  it.each(['onRequest', 'preValidation', 'preHandler'] as const)('judges at %s what the handler has', async (phase) => {
    app = fastify();
    const made = makeLock();
    const seen: unknown[] = [];
    app.post('/mcp', { [phase]: latchkey(made.latchkey).protectMcp() }, (request, reply) => {
      seen.push([request.principal?.name, request.auth?.clientId, request.body]);
      void reply.send(TOOLS);
    });
    const listed = await post(LIST);
    expect([listed.statusCode, JSON.parse(listed.body)]).toEqual([200, SHOWN]);
    expect((await post(CALL)).statusCode).toBe(200);
    expect((await post({ ...CALL, params: { name: 'rm' } })).statusCode).toBe(403);
    expect(seen).toEqual([
      ['alice', 'alice', LIST],
      ['alice', 'alice', CALL],
    ]);
    await vi.waitFor(() => expect(made.open()).toBe(0));
    expect([made.trail.length, made.errors]).toEqual([3, []]);
  });

  it('does not leave a body to be read twice where somebody listens to it', async () => {
    app = fastify();
    const made = makeLock();
    app.addHook('onRequest', (request, _reply, done) => {
      request.raw.on('data', () => {});
      done();
    });
    app.post('/mcp', { onRequest: latchkey(made.latchkey).protectMcp() }, async () => TOOLS);
    expect((await post(CALL)).statusCode).toBe(500);
    expect(made.errors).toMatchObject([{ name: 'TypeError' }]);
  });

  it('has hooks of the app run when it answers itself', async () => {
    app = fastify();
    const statuses: number[] = [];
    app.addHook('onResponse', async (_request, reply) => void statuses.push(reply.raw.statusCode));
    app.post('/mcp', { onRequest: latchkey(makeLock().latchkey).protectMcp() }, async () => 'no list');
    for (const [message, status] of [
      [LIST, 502],
      [{ ...CALL, params: { name: 'rm' } }, 403],
    ] as const)
      expect((await post(message)).statusCode).toBe(status);
    expect(statuses).toEqual([502, 403]);
  });

  it('survives a handler that fails, and a body that Fastify does not take', async () => {
    app = fastify({ bodyLimit: 10_000 });
    const made = makeLock();
    app.post('/mcp', { onRequest: latchkey(made.latchkey).protectMcp() }, async () => {
      throw new Error('the handler failed');
    });
    expect((await post(CALL)).statusCode).toBe(500);
    expect((await post(LIST)).statusCode).toBe(500);
    expect((await post({ ...CALL, pad: 'x'.repeat(20_000) })).statusCode).toBe(413);
    await vi.waitFor(() => expect(made.open()).toBe(0));
    expect(made.trail).toHaveLength(3);
  });

  it('guards the routes of a plugin, and believes a proxy as far as the app does', async () => {
    for (const trustProxy of [false, true]) {
      app = fastify({ trustProxy });
      const made = makeLock();
      await app.register(
        async (routes) => {
          routes.addHook('onRequest', latchkey(made.latchkey).protect({ scopes: ['report'] }));
          routes.get('/report', (request, reply) => void reply.send(request.principal?.name));
        },
        { prefix: '/v1' },
      );
      const headers = {
        authorization: 'Bearer alice',
        'x-forwarded-for': '203.0.113.7',
        'x-forwarded-proto': 'https',
      };
      const answer = await app.inject({ url: '/v1/report', headers });
      expect([answer.statusCode, answer.body]).toEqual([200, 'alice']);
      expect((await app.inject({ url: '/v1/report' })).statusCode).toBe(401);
      expect(made.trail[0]?.address).toBe(trustProxy ? '203.0.113.7' : '127.0.0.1');
      await app.close();
    }
  });
});
