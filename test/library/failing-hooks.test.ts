import type { RequestListener, Server } from 'node:http';
import express from 'express';
import fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { latchkey as forExpress } from '../../packages/latchkey/src/express.ts';
import { latchkey as forFastify } from '../../packages/latchkey/src/fastify.ts';
import { createAnonymous } from '../../packages/latchkey/src/core/principal.ts';
import { createLatchkey } from '../../packages/latchkey/src/lock/create-latchkey.ts';
import type { Latchkey } from '../../packages/latchkey/src/lock/latchkey.ts';
import type { TrailEntry } from '../../packages/latchkey/src/core/trail.ts';
import type { LatchkeyOptions, LockVerifier } from '../../packages/latchkey/src/lock/options.ts';
import { listen, type Listening } from './listening.ts';
import { nodeFrameworks } from './node-doors.ts';
import { WEB_DOORS } from './web-doors.ts';

type Ask = (headers: Readonly<Record<string, string>>) => Promise<Response>;

const fails = (): never => {
  throw new Error('the hook failed');
};
const rejects = async (): Promise<never> => fails();
const nothing = async (): Promise<void> => {};

/** By which way a hook fails: that of the trail, and whoever is told of it. */
const ways: readonly (readonly [string, Pick<LatchkeyOptions, 'trail' | 'onError'>])[] = [
  ['that throw', { trail: fails, onError: fails }],
  ['that reject', { trail: rejects, onError: rejects }],
  ['of a Trail', { trail: { healthy: true, record: fails, flush: nothing, close: nothing }, onError: rejects }],
];

const scopes = ['report', 'report:read'];
const verifier: LockVerifier = {
  name: 'hand-made',
  verify({ secret }) {
    const id = secret.reveal();
    if (id !== 'alice' && id !== 'ending') return { kind: 'skip' };
    const expiresAt = id === 'ending' ? Date.now() + 3_600_000 : null;
    return Promise.resolve({
      kind: 'accept',
      principal: { ...createAnonymous(scopes), id, kind: 'token', expiresAt },
    });
  },
};

let site: Listening | null = null;
let complaints: MockInstance<typeof console.error>;
beforeEach(() => void (complaints = vi.spyOn(console, 'error').mockImplementation(() => {})));
afterEach(async () => {
  complaints.mockRestore();
  await site?.close();
  site = null;
});

/** Ends or begins to fail in the middle of a test. */
interface Clock {
  fails: boolean;
}

const doors: readonly (readonly [string, (lock: Latchkey) => Promise<Ask> | Ask])[] = [
  ...nodeFrameworks.map(({ name, serve }) => {
    const start = async (lock: Latchkey): Promise<Ask> => {
      const { url } = (site = await serve(lock, {
        mcp: fails,
        report: (_request, response) => response.end('served'),
      }));
      return (headers) => fetch(`${url}/report`, { headers });
    };
    return [name, start] as const;
  }),
  ...Object.entries(WEB_DOORS).map(([name, serve]) => {
    const start = (lock: Latchkey): Ask => {
      const ask = serve(lock, { route: () => new Response('served') });
      return (headers) => ask(new Request('http://localhost/report', { headers }));
    };
    return [name, start] as const;
  }),
];

describe.each(doors)('by %s', (_name, start) => {
  it.each(ways)('hooks %s end nothing, and what they were told of is told all the same', async (_way, hooks) => {
    const ask = await start(createLatchkey({ resource: 'http://localhost/mcp', verifiers: [verifier], ...hooks }));
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: 'Bearer eve' })).status).toBe(401);
    const served = await ask({ authorization: 'Bearer alice' });
    expect([served.status, await served.text()]).toEqual([200, 'served']);
    // What was to be told, and why it could not be.
    await vi.waitFor(() => expect(complaints.mock.calls).toHaveLength(6));
  });
});

/** A lock whose clock is that of the program, what it wrote down, and what it told of. */
function lockWithClock(now: () => number) {
  const records: TrailEntry[] = [];
  const told: unknown[] = [];
  const lock = createLatchkey({
    resource: 'http://localhost/mcp',
    verifiers: [verifier],
    trail: (entry) => void records.push(entry),
    onError: (error) => void told.push(error),
    now,
  });
  return { lock, records, told };
}

const wrongTimes: readonly (readonly [string, () => number])[] = [
  ['that throws', fails],
  ['that gives no number', () => new Date() as never],
  ['that gives a promise', rejects as never],
  ['that gives NaN', () => Number.NaN],
];

describe.each(doors)('by %s', (_name, start) => {
  it.each(wrongTimes)('a clock %s lets nobody in, and the server goes on', async (_way, wrong) => {
    const clock: Clock = { fails: true };
    const { lock, records, told } = lockWithClock(() => (clock.fails ? wrong() : Date.now()));
    const ask = await start(lock);
    const before = Date.now();
    expect((await ask({ authorization: 'Bearer alice' })).status).toBe(500);
    expect(records).toMatchObject([{ decision: 'deny', reason: 'internal', status: 500, httpMethod: 'GET' }]);
    expect(records[0]?.at).toBeGreaterThanOrEqual(before);
    expect(told).toHaveLength(1);
    clock.fails = false;
    const served = await ask({ authorization: 'Bearer alice' });
    expect([served.status, await served.text()]).toEqual([200, 'served']);
    await vi.waitFor(() => expect(records).toHaveLength(2));
  });
});

describe.each(Object.entries(WEB_DOORS))('by %s', (_name, serve) => {
  const hooks = [
    ['addressOf', { addressOf: fails }],
    ['encrypted', { encrypted: fails }],
    ['addressOf of another kind', { addressOf: () => ({}) as never }],
  ] as const;

  it.each(hooks)('a request of which %s cannot be told is refused', async (_hook, failing) => {
    const { lock, records, told } = lockWithClock(Date.now);
    const ask = serve(lock, { route: () => new Response('served') }, failing);
    for (const path of ['/report', '/mcp']) {
      const answer = await ask(new Request(`http://localhost${path}`, { headers: { authorization: 'Bearer alice' } }));
      expect([path, answer.status, await answer.text()]).toEqual([path, 500, expect.not.stringContaining('hook')]);
    }
    const record = { decision: 'deny', reason: 'internal', status: 500, httpMethod: 'GET', principal: null };
    expect(records).toMatchObject([record, record]);
    expect(told).toHaveLength(2);
  });
});

describe('a framework that is told by a function whom to trust', () => {
  const trusting = {
    async Express(lock: Latchkey) {
      const app = express();
      app.set('trust proxy', fails);
      app.get('/report', forExpress(lock).protect(), (_request, response) => void response.end('served'));
      return (site = await listen(app)).url;
    },
    async Fastify(lock: Latchkey) {
      const listening = (site = await listen());
      const serverFactory = (handler: RequestListener): Server => listening.server.on('request', handler);
      const app = fastify({ trustProxy: fails, serverFactory });
      app.get('/report', { onRequest: forFastify(lock).protect() }, async () => 'served');
      await app.ready();
      return listening.url;
    },
  };

  it.each(Object.entries(trusting))(
    '%s: a request is refused, and told of, where that throws',
    async (_name, serve) => {
      const { lock, records, told } = lockWithClock(Date.now);
      const url = await serve(lock);
      const headers = { authorization: 'Bearer alice', 'x-forwarded-for': '203.0.113.7' };
      const answer = await fetch(`${url}/report`, { headers });
      expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining('hook')]);
      expect(records).toMatchObject([{ decision: 'deny', reason: 'internal', status: 500, httpMethod: 'GET' }]);
      expect(told).toEqual([new Error('the hook failed')]);
    },
  );
});

describe('an answer under way', () => {
  it('ends where its credential has an end and nothing tells the time, and is written down', async () => {
    const clock: Clock = { fails: false };
    const { lock, records, told } = lockWithClock(() => (clock.fails ? fails() : Date.now()));
    const ends = vi.fn<() => void>();
    const passage = await lock.protect().admit({
      method: 'GET',
      target: '/report',
      rawHeaders: ['authorization', 'Bearer ending'],
      httpVersionMajor: 1,
      httpVersionMinor: 1,
      address: '127.0.0.1',
      encrypted: false,
      readBody: () => new Uint8Array(),
    });
    if (passage.kind !== 'passed') throw new Error('was refused');
    passage.onEnded(ends);
    clock.fails = true;
    await vi.waitFor(() => expect(ends).toHaveBeenCalled());
    expect(told).not.toEqual([]);
    passage.finish(200);
    expect(records).toMatchObject([{ decision: 'allow', status: 200, durationMs: 0 }]);
  });
});

describe('toTokenVerifier', () => {
  it('takes no token while nothing tells the time, and writes that down', async () => {
    const { lock, records, told } = lockWithClock(fails);
    await expect(lock.toTokenVerifier().verifyAccessToken('alice')).rejects.toThrow('cannot be verified');
    expect(records).toMatchObject([{ decision: 'deny', reason: 'internal', status: 500 }]);
    expect(told).toHaveLength(1);
  });
});
