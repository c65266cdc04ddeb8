import { getRequestListener } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { latchkey as forExpress } from '../../packages/latchkey/src/express.ts';
import { latchkey as forFastify } from '../../packages/latchkey/src/fastify.ts';
import { latchkey as forFetch } from '../../packages/latchkey/src/fetch.ts';
import { latchkey as forHono } from '../../packages/latchkey/src/hono.ts';
import { createLatchkey, jwt, type Latchkey } from '../../packages/latchkey/src/latchkey.ts';
import { latchkey as forNode } from '../../packages/latchkey/src/node.ts';
import { startTestIssuer, type TestIssuer } from '../../packages/latchkey/src/testing.ts';
import { createDpopClient } from '../fixtures/dpop-client.ts';
import { listen } from './listening.ts';

const RULE = { scopes: ['report:read'] };

/** A whole app that wants a credential, and a route of it that wants a scope, too. */
const apps: readonly (readonly [string, (lock: Latchkey) => RequestListener | Promise<RequestListener>])[] = [
  [
    'Express',
    (lock) => {
      const { protect } = forExpress(lock);
      const app = express();
      app.use(protect());
      return app.get('/report', protect(RULE), (_request, response) => void response.send('read'));
    },
  ],
  [
    'Fastify',
    async (lock) => {
      const { protect } = forFastify(lock);
      const app = fastify();
      app.addHook('onRequest', protect());
      app.get('/report', { onRequest: protect(RULE) }, async () => 'read');
      await app.ready();
      return app.routing;
    },
  ],
  [
    'node:http',
    (lock) => {
      const { protect } = forNode(lock);
      return protect(protect(RULE, (_request, response) => response.end('read')));
    },
  ],
  [
    'Hono on Node',
    (lock) => {
      const { protect } = forHono(lock);
      const app = new Hono();
      app.use(protect());
      app.get('/report', protect(RULE), (c) => c.text('read'));
      return getRequestListener(app.fetch);
    },
  ],
  [
    'fetch',
    (lock) => {
      const { protect } = forFetch(lock);
      return getRequestListener(
        protect(
          {},
          protect(RULE, () => new Response('read')),
        ),
      );
    },
  ],
];

describe.each(apps)('a request that passes two guards of a lock: %s', (_name, toApp) => {
  const resource = 'http://127.0.0.1:3000';
  const client = createDpopClient();
  let issuer: TestIssuer;
  beforeAll(async () => void (issuer = await startTestIssuer()));
  afterAll(() => issuer.close());

  it('proves once for both that it holds the key, and never for another request', async () => {
    const lock = createLatchkey({ resource, verifiers: [jwt({ issuer: issuer.url })], dpop: { required: true } });
    onTestFinished(() => lock.close());
    const site = await listen(await toApp(lock));
    onTestFinished(() => site.close());
    const toHeaders = async (scope: string): Promise<Record<string, string>> => {
      const token = await issuer.issue({ aud: resource, scope, cnf: { jkt: client.thumbprint } });
      return {
        authorization: `DPoP ${token}`,
        dpop: client.prove({ method: 'GET', url: `${resource}/report`, token }),
      };
    };
    const ask = async (headers: Record<string, string>): Promise<readonly unknown[]> => {
      const response = await fetch(`${site.url}/report`, { headers });
      return [response.status, await response.text()];
    };
    const right = await toHeaders('report:read');
    expect(await ask(right)).toEqual([200, 'read']);
    expect(await ask(right)).toEqual([401, expect.anything()]);
    const poor = await toHeaders('other');
    expect((await ask(poor))[0]).toBe(403);
    expect((await ask(poor))[0]).toBe(401);
  });

  it('gets the next nonce of its proofs once', async () => {
    let later = 0;
    const now = (): number => Date.now() + later;
    const verifiers = [jwt({ issuer: issuer.url })];
    const lock = createLatchkey({ resource, verifiers, now, dpop: { nonce: true, maxAge: '1m' } });
    onTestFinished(() => lock.close());
    const site = await listen(await toApp(lock));
    onTestFinished(() => site.close());
    const token = await issuer.issue({ aud: resource, scope: 'report:read', cnf: { jkt: client.thumbprint } });
    const ask = async (nonce: string | null): Promise<Response> => {
      const claims = { nonce, iat: Math.floor(now() / 1000) };
      const dpop = client.prove({ method: 'GET', url: `${resource}/report`, token, claims });
      return fetch(`${site.url}/report`, { headers: { authorization: `DPoP ${token}`, dpop } });
    };
    const nonce = (await ask(null)).headers.get('dpop-nonce');
    later = 70_000;
    const stale = await ask(nonce);
    expect(stale.status).toBe(200);
    const next = stale.headers.get('dpop-nonce');
    expect(next).toMatch(/^[\w-]+$/);
    expect((await ask(next)).status).toBe(200);
  });
});
