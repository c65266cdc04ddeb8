import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { toChangeLine } from '../../core/change-line.ts';
import type { Store } from '../../core/store.ts';
import { isStoreUrl } from '../../core/store-url.ts';
import type { UnsignedChange } from '../../core/trail.ts';
import { createCredentialStore } from './credentials.ts';
import { openDatabase } from './database.ts';
import { attempt } from './failure.ts';
import { prepareFolder } from './folder.ts';
import { holdDatabase } from './hold.ts';
import { CREDENTIALS_SCHEMA } from './migrations.ts';
import { patiently } from './patience.ts';
import { createPinStore } from './pins.ts';
import { createTrailStore } from './trail.ts';
import { createVersion } from './version.ts';

/** How an embedded store shares its files. */
export interface StoreOptions {
  /** How long a call may wait for another process that holds the store, this one going on meanwhile. Default 5,000 ms. */
  readonly busyTimeoutMs?: number;
}

/**
 * Opens the embedded store in that folder, making it (0700, files 0600) where it is missing. Several processes may have
 * it open. Fails with E_STORE_DAMAGED, E_STORE_NEWER, E_STORE_LOCKED, E_STORE_UNREADABLE or E_STORE_FULL; a file that
 * cannot be used is left as it is. What is no folder and no such option is a TypeError.
 */
export async function openStore(folder: string, options: StoreOptions = {}): Promise<Store> {
  checkUse(folder, options);
  attempt(folder, () => prepareFolder(folder));
  const busyTimeoutMs = options.busyTimeoutMs ?? 5000;
  const credentialsPath = join(folder, 'credentials.db');
  const trailFolder = join(folder, 'trail');
  attempt(trailFolder, () => prepareFolder(trailFolder));
  const db = openDatabase(credentialsPath, CREDENTIALS_SCHEMA, { busyTimeoutMs, check: true });
  // From here on SQLite itself does not wait: that would stop everything else in this process.
  db.exec('PRAGMA busy_timeout = 0');
  const hold = attempt(credentialsPath, () => holdDatabase(credentialsPath, db));
  const version = createVersion(db, hold);
  // Files of their own: lines of the trail must not look like a change of credentials (see `version`).
  const secret = createSecrets(db, credentialsPath, busyTimeoutMs);
  const trail = createTrailStore({
    folder: trailFolder,
    seals: join(folder, 'seals.db'),
    key: await secret('trail-seal'),
    busyTimeoutMs,
    confirmStore: hold.confirm,
  });
  const recordBy =
    (actor: string) =>
    (change: UnsignedChange, commit: () => void): void =>
      trail.appendNow(Buffer.from(toChangeLine({ ...change, actor })), commit);
  const { bump: onChange, seenByAll } = version;
  const changes = { path: credentialsPath, hold, patienceMs: busyTimeoutMs, onChange, seenByAll };
  return {
    credentials: createCredentialStore(db, changes),
    credentialsBy: (actor) =>
      attempt(credentialsPath, () => createCredentialStore(db, { ...changes, record: recordBy(actor) })),
    pins: createPinStore(db, changes),
    pinsBy: (actor) => attempt(credentialsPath, () => createPinStore(db, { ...changes, record: recordBy(actor) })),
    trail,
    secret,
    version: () => attempt(credentialsPath, version.read),
    async close() {
      await trail.close();
      if (db.isOpen) db.close();
    },
  };
}

function checkUse(folder: unknown, options: unknown): void {
  if (typeof folder !== 'string' || folder === '' || isStoreUrl(folder))
    throw new TypeError('openStore: expected the path of a folder, which it makes where it is missing');
  const { busyTimeoutMs = 0, ...unknown } = Object(options) as Readonly<Record<string, unknown>>;
  if (options !== Object(options) || Object.keys(unknown).length > 0)
    throw new TypeError('openStore: its options are an object, in which only busyTimeoutMs is known');
  if (!Number.isInteger(busyTimeoutMs) || (busyTimeoutMs as number) < 0)
    throw new TypeError('openStore: busyTimeoutMs: expected a whole number of milliseconds');
}

function createSecrets(db: DatabaseSync, path: string, patienceMs: number): Store['secret'] {
  const insert = db.prepare('INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const select = db.prepare('SELECT value FROM secrets WHERE name = ?');
  return (name) =>
    patiently(
      () =>
        attempt(path, () => {
          const found = select.get(name) ?? (insert.run(name, randomBytes(32).toString('hex')), select.get(name));
          return (found as { value: string }).value;
        }),
      patienceMs,
    );
}
