import { toChangeLine } from '../../core/change-line.ts';
import { expectOptions } from '../../core/expect-options.ts';
import type { Store } from '../../core/store.ts';
import type { UnsignedChange } from '../../core/trail.ts';
import { createCredentialStore, type Rows } from './credentials.ts';
import { createPinStore, type Pins } from './pins.ts';
import { randomHex } from './random-hex.ts';
import { createTrailStore } from './trail.ts';

/** What bounds a store in memory. */
export interface MemoryStoreOptions {
  /** How many lines of the trail are kept, the newest ones. Default 100,000. */
  readonly trailLines?: number;
}

/**
 * A whole `Store` in this process's memory, for tests and for what need not outlive the process: empty at first, gone at
 * the end, shared by whoever holds it. Answers every call without a promise. `close` leaves it as it is. It asks nothing
 * of its platform but `crypto.getRandomValues`.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  expectOptions('createMemoryStore', options, { trailLines: null });
  const { trailLines = 100_000 } = options;
  const rows: Rows = new Map();
  const secrets = new Map<string, string>();
  const trail = createTrailStore(trailLines);
  const encoder = new TextEncoder();
  let version = 0;
  const onChange = (): void => void version++;
  const recordBy =
    (actor: string) =>
    (change: UnsignedChange): void =>
      trail.append(encoder.encode(toChangeLine({ ...change, actor })));
  const pins: Pins = new Map();
  return {
    credentials: createCredentialStore(rows, { onChange }),
    credentialsBy: (actor) => createCredentialStore(rows, { onChange, record: recordBy(actor) }),
    pins: createPinStore(pins),
    pinsBy: (actor) => createPinStore(pins, recordBy(actor)),
    trail,
    secret(name) {
      const secret = secrets.get(name) ?? randomHex(32);
      secrets.set(name, secret);
      return secret;
    },
    version: () => version,
    close() {},
  };
}
