import { describe, expect, expectTypeOf, it } from 'vitest';
import { latchkey as forExpress } from '../../packages/latchkey/src/express.ts';
import { latchkey as forFastify } from '../../packages/latchkey/src/fastify.ts';
import { latchkey as byFetch } from '../../packages/latchkey/src/fetch.ts';
import { latchkey as forProxy } from '../../packages/latchkey/src/forward-auth.ts';
import { latchkey as forHono } from '../../packages/latchkey/src/hono.ts';
import { latchkey as forNode } from '../../packages/latchkey/src/node.ts';
import { makeLoopbackLock } from './loopback-lock.ts';

const { latchkey: lock } = makeLoopbackLock({ tokens: {} });

const doors: readonly (readonly [string, (options: never) => object])[] = [
  ['express', (options) => forExpress(lock, options)],
  ['fastify', (options) => forFastify(lock, options)],
  ['hono', (options) => forHono(lock, options)],
  ['node', (options) => forNode(lock, options)],
  ['fetch', (options) => byFetch(lock, options)],
];

/** Options that are none, and what is said of them. */
const wrong: readonly (readonly [unknown, string])[] = [
  [null, 'latchkey: expected an object'],
  [{ bodyTimeout: 5 }, 'latchkey: bodyTimeout: unknown option; did you mean bodyTimeoutMs?'],
  [{ withToken: 'yes' }, 'latchkey: withToken: expected false or true'],
  ...['5s', 0, -1, 0.5, Infinity, 2 ** 31].map(
    (bodyTimeoutMs) =>
      [{ bodyTimeoutMs }, 'latchkey: bodyTimeoutMs: expected a whole number from 1 to 2147483647'] as const,
  ),
  [
    { withToken: 1, bodyTimeoutMs: NaN },
    'latchkey: withToken: expected false or true; bodyTimeoutMs: expected a whole number from 1 to 2147483647',
  ],
];

describe('options of doors', () => {
  for (const [name, make] of doors) {
    it.each(wrong)(`${name} does not take %j`, (options, said) => {
      expect(() => make(options as never)).toThrow(new TypeError(said));
    });

    it(`${name} takes them, and none`, () => {
      for (const options of [
        {},
        undefined,
        { withToken: true, bodyTimeoutMs: 2 ** 31 - 1 },
        { bodyTimeoutMs: undefined },
      ])
        expect(() => make(options as never)).not.toThrow();
      const hooks = { addressOf: '192.0.2.1', encrypted: true };
      const ofWeb = ['fetch', 'hono'].includes(name);
      const said = ofWeb
        ? 'addressOf: expected a function; encrypted: expected a function'
        : 'addressOf: unknown option';
      expect(() => make(hooks as never)).toThrow(said);
    });
  }

  it.each([
    [{}, 'proxy: expected nginx or caddy or traefik or envoy'],
    [{ proxy: 'nginx', trusted: '127.0.0.1' }, 'trusted: expected a list'],
    [{ proxy: 'envoy', path: '/auth/' }, 'path: expected a path'],
    [{ proxy: 'envoy', path: 'auth' }, 'path: expected a path'],
    [{ proxy: 'caddy', identity: { header: 'x' } }, 'identity.sign: expected a function'],
    [{ proxy: 'caddy', identity: { header: 'a b', sign: () => '' } }, 'identity.header: expected'],
  ])('forward-auth does not take %j', (options, said) => {
    expect(() => forProxy(lock, options as never)).toThrow(`forward-auth: ${said}`);
    expect(() => forProxy(lock, options as never)).toThrow(TypeError);
  });
});

describe('a door without a lock', () => {
  const making: readonly (readonly [string, (none: never) => object])[] = [
    ['express', (none) => forExpress(none)],
    ['fastify', (none) => forFastify(none)],
    ['hono', (none) => forHono(none)],
    ['node', (none) => forNode(none)],
    ['fetch', (none) => byFetch(none)],
    ['forward-auth', (none) => forProxy(none, { proxy: 'nginx' })],
  ];

  it.each(making)('of %s is not made', (_name, make) => {
    for (const none of [
      undefined,
      null,
      'lock',
      {},
      { resource: 'https://api.example' },
      Promise.resolve(lock),
      () => lock,
    ])
      expect(() => make(none as never)).toThrow(
        new TypeError('latchkey: expected a lock of createLatchkey, not a promise of one'),
      );
  });
});

describe('a door', () => {
  const made = {
    express: forExpress(lock),
    fastify: forFastify(lock),
    hono: forHono(lock),
    node: forNode(lock),
    fetch: byFetch(lock),
    forwardAuth: forProxy(lock, { proxy: 'nginx' }),
  };

  it('can be taken apart, and a linter that knows types has nothing against it', () => {
    type Door = (typeof made)[keyof typeof made];
    expectTypeOf<ThisParameterType<Door['protect' | 'protectMcp' | 'metadata']>>().toEqualTypeOf<void>();
    for (const { protect, protectMcp, metadata } of Object.values(made))
      expect([typeof protect, typeof protectMcp, typeof metadata]).toEqual(['function', 'function', 'function']);
    const { protect, metadata } = made.express;
    expect(protect()).toHaveLength(3);
    expect(metadata()).toHaveLength(3);
  });
});
