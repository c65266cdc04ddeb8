import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { describe, expect, it, vi } from 'vitest';
import { latchkey as forExpress } from '../../packages/latchkey/src/express.ts';
import { latchkey as forFastify } from '../../packages/latchkey/src/fastify.ts';
import { latchkey as byFetch } from '../../packages/latchkey/src/fetch.ts';
import { latchkey as forProxy } from '../../packages/latchkey/src/forward-auth.ts';
import { latchkey as forHono } from '../../packages/latchkey/src/hono.ts';
import { createRouteLock } from '../../packages/latchkey/src/lock/create-route-lock.ts';
import { latchkey as forNode } from '../../packages/latchkey/src/node.ts';
import { listen } from './listening.ts';
import { makeLoopbackLock } from './loopback-lock.ts';

const NAMES = ['protect', 'protectMcp', 'metadata'] as const;
const { latchkey: lock } = makeLoopbackLock({ tokens: { alice: ['a'] }, tools: {} });
const verifiers = [{ name: 'test', verify: () => ({ kind: 'skip' }) as const }];

/** Each door's functions, as somebody has them who forgot to call them. */
const doors: readonly (readonly [string, object])[] = [
  ['the lock', lock],
  ['a lock for routes', createRouteLock({ resource: 'http://localhost/api', verifiers })],
  ['express', forExpress(lock)],
  ['fastify', forFastify(lock)],
  ['hono', forHono(lock)],
  ['node', forNode(lock)],
  ['fetch', byFetch(lock)],
  ['forward-auth', forProxy(lock, { proxy: 'nginx' })],
];

/** What a framework calls with: a request, and what comes beside it. */

const asked = [new Request('http://localhost/'), new Response(), () => {}];

const uses = doors.flatMap(([of, door]) =>
  NAMES.map((name) => [name, of, (door as Record<string, unknown>)[name]] as const).filter(
    ([, , made]) => typeof made === 'function',
  ),
);

describe('without being called', () => {
  it.each(uses)('%s of %s says what to write', (name, _of, made) => {
    const call = made as (...given: readonly unknown[]) => unknown;
    const said = new RegExp(`^${name}: makes a handler and is none; write ${name}\\(`);
    for (const given of [asked, asked.slice(0, 2)]) expect(() => call(...given)).toThrow(said);
    expect(() => call(...asked)).toThrow(TypeError);
  });

  it.each([
    ['node', forNode(lock)],
    ['fetch', byFetch(lock)],
  ])('no handler at the door of %s is told at once', (_name, door) => {
    for (const make of [() => door.protect({} as never, undefined as never), () => door.protectMcp({} as never)])
      expect(make).toThrow(/^protect(?:Mcp)?: makes a handler and is none; write protect.*handler\)/);
  });

  it.each(NAMES)('%s lets nothing through', async (name) => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
    let served = 0;
    const serve = (): string => `served ${(served += 1)}`;
    const onExpress = express().use(
      forExpress(lock)[name] as never,
      (_request, response) => void response.end(serve()),
    );
    const site = await listen(onExpress);
    expect((await fetch(site.url)).status).toBe(500);
    await site.close();
    const onHono = new Hono().use(forHono(lock)[name] as never).get('/', (c) => c.text(serve()));
    expect((await onHono.request('/')).status).toBe(500);
    // Where a plugin throws, the start of a Fastify app does.
    const onFastify = fastify();
    const onRequest = forFastify(lock)[name === 'metadata' ? 'protect' : name] as never;
    onFastify.get('/', { onRequest }, async () => serve());
    expect((await onFastify.inject('/')).statusCode).toBe(500);
    await onFastify.close();
    await expect(async () =>
      (byFetch(lock)[name] as (request: Request, env: object) => unknown)(new Request('http://localhost/'), {}),
    ).rejects.toThrow(TypeError);
    expect(served).toBe(0);
    complaints.mockRestore();
  });
});
