import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { requireBearerAuth as requireExpressV2 } from '@modelcontextprotocol/express';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth as requireExpressV1 } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { requireBearerAuth as requireOnTheWeb } from '@modelcontextprotocol/server';
import express, { type RequestHandler } from 'express';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLatchkey, staticTokens } from '../../packages/latchkey/src/latchkey.ts';
import { createMemoryStore, createStoredTokens } from '../../packages/latchkey/src/testing.ts';

const resource = 'http://127.0.0.1:3000/mcp';
const STATIC = 'x9J2kQ0pLmN4vB7zR1tY5wE8';
const resourceMetadataUrl = 'http://127.0.0.1:3000/.well-known/oauth-protected-resource/mcp';

function makeLock() {
  const store = createMemoryStore();
  const lock = createLatchkey({
    resource,
    store,
    verifiers: [staticTokens({ tokens: STATIC })],
    policy: { tools: { read: { scopes: ['file:read'] } }, scopes: { admin: { implies: ['file:read'] } } },
  });
  const reasons = async (): Promise<unknown[]> => {
    await lock.close();
    return (await store.trail.read({})).records.map(({ json }) => (JSON.parse(json) as { reason: string }).reason);
  };
  return { lock, tokens: createStoredTokens(store, { scopes: ['admin'] }), reasons };
}

type Ask = (token: string | null) => Promise<Response>;

/** Each guard of the SDK, asking for one scope, in front of a handler that says whom it was told of. */
const GUARDS: Readonly<Record<string, (lock: ReturnType<typeof makeLock>['lock']) => Promise<Ask>>> = {
  'SDK v1, Express': (lock) =>
    overExpress(
      requireExpressV1({
        verifier: lock.toTokenVerifier(),
        requiredScopes: ['file:read'],
        resourceMetadataUrl,
        expectedResource: new URL(resource),
      }),
    ),
  'SDK v2, Express': (lock) =>
    overExpress(
      requireExpressV2({
        verifier: lock.toTokenVerifier(),
        requiredScopes: ['file:read'],
        resourceMetadataUrl,
        expectedResource: new URL(resource),
      }),
    ),
  'SDK v2, web-standard': async (lock) => {
    const gate = requireOnTheWeb({
      verifier: lock.toTokenVerifier(),
      requiredScopes: ['file:read'],
      resourceMetadataUrl,
      expectedResource: new URL(resource),
    });
    return async (token) => {
      const admitted = await gate(new Request(resource, token === null ? {} : { headers: headersOf(token) }));
      return admitted instanceof Response ? admitted : Response.json(admitted);
    };
  },
};

const headersOf = (token: string) => ({ authorization: `Bearer ${token}` });

async function overExpress(guard: RequestHandler): Promise<Ask> {
  const app = express();
  app.get('/mcp', guard, (request, response) => void response.json((request as { auth?: unknown }).auth));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  return (token) => fetch(url, token === null ? {} : { headers: headersOf(token) });
}

describe.each(Object.entries(GUARDS))('requireBearerAuth of %s', (_name, guard) => {
  test('lets in who is good, with the scopes that theirs imply, and an end for what never ends', async () => {
    const { lock, tokens } = makeLock();
    const ask = await guard(lock);
    const answer = await ask(await tokens.valid());
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      token: '[redacted]',
      scopes: ['admin', 'file:read'],
      clientId: expect.stringMatching(/^token:/),
      expiresAt: expect.any(Number),
      resource,
    });
    const lasting = await ask(STATIC);
    expect(await lasting.json()).toMatchObject({ scopes: ['*', 'admin', 'file:read'], expiresAt: 253_402_300_799 });
  });

  test('answers 401 to what is not good, with the challenge, and each refusal is in the trail', async () => {
    const { lock, tokens, reasons } = makeLock();
    const ask = await guard(lock);
    const wrong = [
      await tokens.unknown(),
      await tokens.mistyped(),
      await tokens.expired(),
      await tokens.revoked(),
      await tokens.rotated(),
      await tokens.wrongAudience(),
      'no token at all!',
    ];
    for (const token of wrong) {
      const answer = await ask(token);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer error="invalid_token"');
      expect(answer.headers.get('www-authenticate')).toContain(resourceMetadataUrl);
    }
    expect((await ask(null)).status).toBe(401);
    expect((await reasons()).filter((reason) => reason !== 'allowed')).toEqual([
      'credential-unknown',
      'credential-malformed',
      'credential-expired',
      'credential-revoked',
      'credential-expired',
      'credential-audience',
      // Of what has spaces the SDK takes the first word.
      'credential-unknown',
    ]);
  });

  test('answers 403 to who lacks a scope', async () => {
    const { lock, tokens } = makeLock();
    const answer = await (await guard(lock))(await tokens.wrongScope());
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toContain('insufficient_scope');
  });

  test('answers 500 where nobody can decide', async () => {
    const store = createMemoryStore();
    const broken = { ...store, version: () => Promise.reject(new Error('unreachable')) };
    const lock = createLatchkey({ resource, store: broken });
    const { token } = await lock.tokens.create({ name: 'a' });
    expect((await (await guard(lock as never))(token)).status).toBe(500);
  });
});

describe('toTokenVerifier', () => {
  test('serves the copy of the SDK that was given', async () => {
    const { InvalidTokenError: Other } = createRequire(import.meta.url)(
      '@modelcontextprotocol/sdk/server/auth/errors.js',
    ) as { InvalidTokenError: typeof InvalidTokenError };
    const { lock } = makeLock();
    const thrown = (options?: object) =>
      lock
        .toTokenVerifier(options)
        .verifyAccessToken('wrong')
        .catch((error: unknown) => error);
    expect(await thrown()).toBeInstanceOf(InvalidTokenError);
    expect(await thrown()).not.toBeInstanceOf(Other);
    expect(await thrown({ InvalidTokenError: Other })).toBeInstanceOf(Other);
  });

  test('gives handlers the token, and more scopes, where it was asked to', async () => {
    const { lock } = makeLock();
    const verifier = lock.toTokenVerifier({ withToken: true, scopes: ['other'] });
    expect(await verifier.verifyAccessToken(STATIC)).toMatchObject({
      token: STATIC,
      scopes: expect.arrayContaining(['other']),
    });
    expect(() => lock.toTokenVerifier({ withTokens: true } as never)).toThrow(/did you mean withToken/);
    expect(() => lock.toTokenVerifier({ InvalidTokenError: 1 } as never)).toThrow(/expected a function/);
  });
});
