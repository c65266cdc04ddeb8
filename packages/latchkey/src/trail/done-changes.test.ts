import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Store } from '../core/store.ts';
import type { TrailChange } from '../core/trail.ts';
import { openStore } from '../store/sqlite/open.ts';
import { createDoneChanges } from './done-changes.ts';

const change = (target: string): TrailChange => ({
  at: Date.parse('2026-06-01T12:00:00Z'),
  actor: 'gateway',
  method: 'config reload',
  target,
  server: null,
  change: {},
});

describe('createDoneChanges', () => {
  let folder: string;
  let store: Store;
  let troubles: unknown[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-changes-'));
    store = await openStore(folder, { busyTimeoutMs: 10 });
    troubles = [];
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const create = () =>
    createDoneChanges({ store: store.trail, retryMs: 5, onTrouble: (error) => troubles.push(error) });
  const targets = async () =>
    (await store.trail.read({})).records.map(({ json }) => (JSON.parse(json) as TrailChange).target);
  const breakTrail = (): void => {
    rmSync(join(folder, 'trail'), { recursive: true });
    writeFileSync(join(folder, 'trail'), '');
  };
  const mendTrail = (): void => {
    rmSync(join(folder, 'trail'));
    mkdirSync(join(folder, 'trail'), { mode: 0o700 });
  };

  it('writes each at once, in order', async () => {
    const changes = create();
    expect(changes.written).toBe(true);
    for (const target of ['a', 'b', 'c']) changes.record(change(target));
    await vi.waitFor(() => expect(changes.written).toBe(true));
    expect(await targets()).toEqual(['a', 'b', 'c']);
    expect(troubles).toEqual([]);
    await changes.close();
  });

  it('keeps what cannot be written, says so once, and writes it when that works again', async () => {
    const changes = create();
    breakTrail();
    changes.record(change('a'));
    changes.record(change('b'));
    await vi.waitFor(() => expect(troubles).toMatchObject([{ code: 'E_STORE_UNREADABLE' }]));
    expect(changes.written).toBe(false);
    mendTrail();
    await vi.waitFor(() => expect(changes.written).toBe(true));
    expect(await targets()).toEqual(['a', 'b']);
    expect(troubles).toHaveLength(1);
    await changes.close();
  });

  it('tries once more at the end, and rejects when that fails too', async () => {
    const [lost, kept] = [create(), create()];
    breakTrail();
    for (const changes of [lost, kept]) changes.record(change('a'));
    await expect(lost.close()).rejects.toMatchObject({ code: 'E_STORE_UNREADABLE' });
    mendTrail();
    await kept.close();
    expect(await targets()).toEqual(['a']);
  });
});
