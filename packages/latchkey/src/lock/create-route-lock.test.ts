import { describe, expect, it } from 'vitest';
import { createAnonymous } from '../core/principal.ts';
import type { Verifier } from '../core/verifier.ts';
import { createRouteLock } from './create-route-lock.ts';
import type { Incoming } from './incoming.ts';
import type { LatchkeyOptions } from './options.ts';

const verifier: Verifier = {
  name: 'test',
  verify: ({ secret }) => ({ kind: 'accept', principal: { ...createAnonymous([secret.reveal()]), kind: 'token' } }),
};
const good = { resource: 'https://api.example/v1', verifiers: [verifier] } satisfies LatchkeyOptions;

const asking = (...rawHeaders: string[]): Incoming => ({
  method: 'GET',
  target: '/v1/report',
  rawHeaders: ['host', 'api.example', ...rawHeaders],
  httpVersionMajor: 1,
  httpVersionMinor: 1,
  address: '203.0.113.7',
  encrypted: true,
  readBody: () => Promise.reject(new Error('a route reads no body')),
});

describe('createRouteLock', () => {
  const lock = createRouteLock({ ...good, policy: { scopes: { admin: { implies: ['report:read'] } } } });
  const statusOf = async (...headers: string[]): Promise<number> => {
    const admission = await lock.protect({ scopes: ['report:read'] }).admit(asking(...headers));
    return admission.kind === 'refused' ? admission.answer.status : 200;
  };

  it('lets in who holds the scopes of a route, itself or by implication, and nobody else', async () => {
    expect(await statusOf('authorization', 'Bearer report:read')).toBe(200);
    expect(await statusOf('authorization', 'Bearer admin')).toBe(200);
    expect(await statusOf('authorization', 'Bearer report:write')).toBe(403);
    expect(await statusOf()).toBe(401);
  });

  it('says where its metadata are', () => {
    expect(lock.metadata.path).toBe('/.well-known/oauth-protected-resource/v1');
    expect(JSON.parse(lock.metadata.body())).toMatchObject({ resource: good.resource });
  });

  it('has no way to an MCP endpoint, whose code a bundle need not hold', () => {
    expect(Object.keys(lock).sort()).toEqual(['metadata', 'protect']);
  });

  it('throws for options and rules that are wrong', () => {
    expect(() => createRouteLock({ ...good, resource: 'http://api.example' })).toThrow(TypeError);
    expect(() => lock.protect({ scope: ['admin'] } as object)).toThrow(/^protect: scope: unknown option/);
  });
});
