import { randomBytes } from 'node:crypto';
import { expectOptions } from '../core/expect-options.ts';
import type { Awaitable, Store } from '../core/store.ts';
import { testChanges } from './store-contract/changes.ts';
import { testCreate } from './store-contract/create.ts';
import { testPins } from './store-contract/pins.ts';
import { withPlace, type Section } from './store-contract/place.ts';
import { testRevoke } from './store-contract/revoke.ts';
import { testRotate } from './store-contract/rotate.ts';
import { testSettle } from './store-contract/settle.ts';
import { testTrail } from './store-contract/trail.ts';
import { testVersion } from './store-contract/version.ts';

/** The store to test, and the test runner that it is tested by. */
export interface StoreContract {
  /** Of your test runner: `describe` and `it` of vitest, jest, mocha, bun or node:test. */
  readonly describe: (name: string, body: () => void) => unknown;
  /** Of the same runner. */
  readonly it: (name: string, body: () => Promise<void>) => unknown;
  /**
   * Opens the store of that name: empty the first time, and each time after another connection to the same one. A name is
   * `latchkey_` and 16 hex digits, so it can be part of a folder, a schema or a table.
   */
  readonly open: (place: string) => Awaitable<Store>;
  /** Removes what that store left behind; its connections are closed by then. */
  readonly remove?: (place: string) => Awaitable<unknown>;
}

/**
 * Registers one test for each promise of `Store`, the same ones that Latchkey's own stores pass. Each test has a store of
 * its own, so they may run in any order and at once. Time is an argument of the store, so nothing waits. Asserts by
 * node:assert. What it cannot show is what survives the end of a process.
 */
export function testStore(contract: StoreContract): void {
  expectOptions('testStore', contract, { describe: null, it: null, open: null, remove: null });
  const { describe, it, ...engine } = contract;
  const section: Section = {
    describe: (name, body) => void describe(name, body),
    it: (name, body) => void it(name, () => withPlace(engine, `latchkey_${randomBytes(8).toString('hex')}`, body)),
  };
  for (const test of [testCreate, testRotate, testSettle, testRevoke, testVersion, testChanges, testPins, testTrail])
    test(section);
}
