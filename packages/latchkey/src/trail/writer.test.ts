import { mkdirSync, rmdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { trailEntry } from '../../../../test/fixtures/trail-entry.ts';
import type { Store } from '../core/store.ts';
import type { Trail } from '../core/trail.ts';
import { openStore } from '../store/sqlite/open.ts';
import { createTrail, type TrailHealth, type TrailOptions } from './writer.ts';

const idsOf = (lines: readonly string[]) => lines.map((line) => (JSON.parse(line) as { requestId: string }).requestId);
const idsTo = (count: number) => Array.from({ length: count }, (_, index) => `r${index}`);

describe('createTrail', () => {
  let folder: string;
  let store: Store;
  let trail: Trail;
  let healths: TrailHealth[];

  const create = (options: Partial<TrailOptions> = {}): Trail => {
    trail = createTrail({ store: store.trail, flushMs: 5, onHealth: (health) => healths.push(health), ...options });
    return trail;
  };
  const stored = async () => idsOf((await store.trail.read({ limit: 100_000 })).records.map((row) => row.json));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-trail-'));
    store = await openStore(folder, { busyTimeoutMs: 10 });
    healths = [];
  });
  afterEach(async () => {
    await trail.close().catch(() => {});
    await store.close();
    await rm(folder, { recursive: true });
  });

  it('writes to the store, in order, by itself', async () => {
    create();
    for (let number = 0; number < 100; number++) trail.record(trailEntry(number));
    await vi.waitFor(async () => expect(await stored()).toHaveLength(100));
    expect(await stored()).toEqual(idsTo(100));
    expect(healths).toEqual([]);
  });

  it('has written everything when flush or close resolves', async () => {
    create({ flushMs: 60_000 });
    for (let number = 0; number < 50; number++) trail.record(trailEntry(number));
    await trail.flush();
    expect(await stored()).toEqual(idsTo(50));
    trail.record(trailEntry(50));
    await trail.close();
    expect(await stored()).toEqual(idsTo(51));
  });

  it('writes what was under way when it was closed', async () => {
    create({ flushMs: 60_000 });
    trail.record(trailEntry(0));
    const closing = trail.close();
    trail.record(trailEntry(1));
    await closing;
    trail.record(trailEntry(2));
    await vi.waitFor(async () => expect(await stored()).toEqual(idsTo(3)), { interval: 5 });
  });

  it('tries once to write what comes after it was closed', async () => {
    let tries = 0;
    const append = async (): Promise<void> => {
      tries += 1;
      throw new Error('the store is closed');
    };
    create({ store: { ...store.trail, append } });
    await trail.close();
    trail.record(trailEntry(0));
    await vi.waitFor(() => expect(healths).toMatchObject([{ healthy: false }]));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(tries).toBe(1);
  });

  it('keeps more lines than one buffer holds, while earlier ones are written and after', async () => {
    const slow = {
      ...store.trail,
      append: async (lines: Uint8Array) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        await store.trail.append(lines);
      },
    };
    create({ store: slow, flushMs: 1 });
    for (let number = 0; number < 12_000; number++) {
      trail.record(trailEntry(number));
      if (number % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await trail.flush();
    expect(await stored()).toEqual(idsTo(12_000));
  });

  it('is unhealthy while the store cannot be written, keeps the lines, and recovers by itself', async () => {
    create();
    const segment = join(folder, 'trail', '2026-06-01.000001.jsonl');
    mkdirSync(segment);
    trail.record(trailEntry(0));
    await expect(trail.flush()).rejects.toMatchObject({ code: 'E_STORE_UNREADABLE' });
    expect(trail.healthy).toBe(false);
    trail.record(trailEntry(1));
    rmdirSync(segment);
    await vi.waitFor(() => expect(trail.healthy).toBe(true), 3000);
    expect(await stored()).toEqual(idsTo(2));
    expect(healths).toMatchObject([
      { healthy: false, error: { code: 'E_STORE_UNREADABLE' } },
      { healthy: true, lost: 0 },
    ]);
  });

  it('is unhealthy before a line could be lost, and healthy again without one', async () => {
    let room = false;
    const check = async (): Promise<void> => {
      if (!room) throw new Error('no room');
    };
    create({ store: { ...store.trail, check }, checkMs: 5 });
    await vi.waitFor(() => expect(trail.healthy).toBe(false));
    // Lines that can be written are no proof of room for more.
    trail.record(trailEntry(0));
    await trail.flush();
    expect([trail.healthy, await stored()]).toEqual([false, idsTo(1)]);
    room = true;
    await vi.waitFor(() => expect(trail.healthy).toBe(true));
    expect(healths).toMatchObject([{ healthy: false }, { healthy: true, lost: 0 }]);
  });

  it('bounds what waits, and says how much was lost', async () => {
    create({ maxWaiting: 3, flushMs: 60_000 });
    for (let number = 0; number < 5; number++) trail.record(trailEntry(number));
    expect(trail.healthy).toBe(false);
    await trail.flush();
    expect(await stored()).toEqual(idsTo(3));
    expect(healths).toEqual([{ healthy: true, lost: 2 }]);
    expect(trail.healthy).toBe(true);
  });

  it('removes old lines by itself', async () => {
    for (const days of [3, 0]) {
      const time = new Date(Date.now() - days * 86_400_000).toISOString();
      await store.trail.append(Buffer.from(`{"time":"${time}","requestId":"${days} days old"}\n`));
    }
    create({ retentionMs: 86_400_000 });
    await vi.waitFor(async () => expect(await stored()).toEqual(['0 days old']), 3000);
  });

  it('keeps the order over a store that answers with promises', async () => {
    const slow = {
      ...store.trail,
      append: async (lines: Parameters<Store['trail']['append']>[0]) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        await store.trail.append(lines);
      },
    };
    create({ store: slow });
    for (let number = 0; number < 30; number++) {
      trail.record(trailEntry(number));
      if (number % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await trail.flush();
    expect(await stored()).toEqual(idsTo(30));
  });
});
