import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { CredentialRecord, CredentialStore, Store } from '../core/store.ts';
import { createMemoryStore } from '../store/memory/open.ts';
import { testStore } from './test-store.ts';

interface Run {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly left: readonly string[];
}

/** Runs the contract by the smallest runner there can be, all tests at once. */
async function run(spoil: (store: Store) => Store = (store) => store): Promise<Run> {
  const stores = new Map<string, Store>();
  const path: string[] = [];
  const tests: Promise<{ readonly name: string; readonly error?: unknown }>[] = [];
  testStore({
    describe(name, body) {
      path.push(name);
      body();
      path.pop();
    },
    it(name, body) {
      const full = [...path, name].join(' ');
      tests.push(
        body().then(
          () => ({ name: full }),
          (error: unknown) => ({ name: full, error }),
        ),
      );
    },
    open(place) {
      const store = stores.get(place) ?? createMemoryStore();
      stores.set(place, store);
      return spoil(store);
    },
    remove: (place) => stores.delete(place),
  });
  const results = await Promise.all(tests);
  const namesOf = (chosen: typeof results) => chosen.map(({ name }) => name);
  return {
    passed: namesOf(results.filter((result) => !('error' in result))),
    failed: namesOf(results.filter((result) => 'error' in result)),
    left: [...stores.keys()],
  };
}

const withCredentials = (change: (credentials: CredentialStore) => Partial<CredentialStore>) => (store: Store) => ({
  ...store,
  credentials: { ...store.credentials, ...change(store.credentials) },
});

describe('testStore', () => {
  it('finds nothing wrong in a right store, and removes every one it opened', async () => {
    const { passed, failed, left } = await run();
    expect(failed).toEqual([]);
    expect(passed.length).toBeGreaterThan(35);
    expect(left).toEqual([]);
  });

  const wrong: [string, (store: Store) => Store, RegExp][] = [
    [
      'gives a name twice',
      withCredentials((own) => ({
        create: (each, now) => own.create({ ...each, name: `${each.name}${Math.random()}` }, now),
      })),
      /^create takes a name once/,
    ],
    ['forgets a revocation', withCredentials(() => ({ revoke: () => [] })), /^revoke ends the credential/],
    [
      'revokes one and not its family',
      withCredentials((own) => ({ revoke: (key, now) => (own.revoke(key, now) as CredentialRecord[]).slice(-1) })),
      /^revoke ends the credential/,
    ],
    [
      'rotates without a grace',
      withCredentials((own) => ({ rotate: (key, next, _, now) => own.rotate(key, next, 0, now) })),
      /^rotate gives the successor/,
    ],
    [
      'lets two rotations win',
      withCredentials((own) => ({
        rotate: (key, next, grace, now) =>
          own.rotate('hash' in key ? { kind: 'token', name: 'race' } : key, next, grace, now),
      })),
      /^rotate lets exactly one/,
    ],
    ['settles nothing', withCredentials(() => ({ settle: () => true })), /^settle ends the predecessors/],
    ['says the same version always', (store) => ({ ...store, version: () => 1 }), /^version changes/],
    ['counts uses as changes', (store) => ({ ...store, version: () => Math.random() }), /^version stays/],
    [
      'makes a secret anew',
      (store) => ({ ...store, secret: (name) => `${name}${Math.random()}` }),
      /^secret is made once/,
    ],
    [
      'writes no change down',
      (store) => ({ ...store, credentialsBy: () => store.credentials }),
      /^credentialsBy writes/,
    ],
    ['writes no acceptance down', (store) => ({ ...store, pinsBy: () => store.pins }), /^pinsBy writes/],
    [
      'accepts any pin',
      (store) => ({ ...store, pins: { ...store.pins, accept: () => true } }),
      /^pins cannot be accepted/,
    ],
    [
      'takes half a line',
      (store) => ({ ...store, trail: { ...store.trail, append() {} } }),
      /^trail takes whole lines/,
    ],
    ['prunes nothing', (store) => ({ ...store, trail: { ...store.trail, prune: () => 0 } }), /^trail prunes/],
    [
      'says that the trail ends at the last record that was wanted',
      (store) => ({
        ...store,
        trail: {
          ...store.trail,
          async read(query) {
            const { records } = await store.trail.read(query);
            return { records, end: records.at(-1)?.seq ?? query.after ?? 0 };
          },
        },
      }),
      /^trail says where it ends/,
    ],
    [
      'finds trails broken',
      (store) => ({
        ...store,
        trail: { ...store.trail, verify: () => ({ records: 0, files: 0, seal: null, bad: null, cut: [] }) },
      }),
      /^trail can be appended/,
    ],
  ];

  it.for(wrong)('finds a store that %s', async ([, spoil, expected]) => {
    const { failed, left } = await run(spoil);
    expect(failed).toContainEqual(expect.stringMatching(expected));
    expect(left).toEqual([]);
  });

  it('runs by node:test', () => {
    const script = `
      import { describe, it } from 'node:test';
      import { createMemoryStore, testStore } from ${JSON.stringify(new URL('../testing.ts', import.meta.url).href)};
      const stores = new Map();
      testStore({ describe, it, open(place) {
        if (!stores.has(place)) stores.set(place, createMemoryStore());
        return stores.get(place);
      } });`;
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--test-reporter=tap', '--input-type=module', '--eval', script],
      { encoding: 'utf8', cwd: fileURLToPath(new URL('.', import.meta.url)) },
    );
    expect(stdout).toMatch(/^# fail 0$/m);
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(35);
    expect(status).toBe(0);
  });
});
