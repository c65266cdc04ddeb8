import assert from 'node:assert/strict';
import type { TrailQuery } from '../../core/store.ts';
import type { Place, Section } from './place.ts';
import { bytesOf, DAY, HOUR, lineAt, NOW } from './samples.ts';

const line = (number: number, decision: 'allow' | 'deny' = 'allow') => lineAt(NOW, number, decision);

const read = async (store: Place['store'], query: TrailQuery = {}): Promise<readonly number[]> =>
  (await store.trail.read(query)).records.map(({ json }) => (JSON.parse(json) as { n: number }).n);

/** What the trail must do. */
export function testTrail({ describe, it }: Section): void {
  describe('trail', () => {
    it('gives back the newest lines, oldest first, with growing numbers', async ({ store }) => {
      await store.trail.append(bytesOf(line(1), line(2)));
      await store.trail.append(bytesOf(line(3), line(4, 'deny')));
      const numbers = (await store.trail.read({})).records.map(({ seq }) => seq);
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
      );
      assert.deepEqual(await read(store), [1, 2, 3, 4]);
      assert.deepEqual(await read(store, { limit: 2 }), [3, 4]);
      assert.deepEqual(await read(store, { since: NOW + 2, limit: 10 }), [2, 3, 4]);
      assert.deepEqual(await read(store, { decision: 'deny' }), [4]);
      assert.deepEqual(await read(store, { after: numbers[2]! }), [4]);
      assert.deepEqual(await read(store, { after: numbers[0]!, limit: 2 }), [3, 4]);
      assert.deepEqual(await read(store, { limit: 0 }), []);
      assert.deepEqual(await read(store, { after: numbers[0]!, limit: 0 }), []);
    });

    it('reads a request once: by its end where that is there, else by its beginning', async ({ store }) => {
      const lasting = (number: number, phase: string, decision?: 'deny') =>
        line(number, decision).replace('"n"', `"phase":"${phase}","requestId":"r${number % 10}","n"`);
      await store.trail.append(bytesOf(lasting(1, 'begun'), lasting(2, 'begun'), line(3), lasting(4, 'begun')));
      const { end } = await store.trail.read({});
      assert.deepEqual(await read(store), [1, 2, 3, 4]);
      await store.trail.append(bytesOf(lasting(11, 'ended'), lasting(12, 'ended', 'deny'), lasting(5, 'begun')));
      assert.deepEqual(await read(store), [3, 4, 11, 12, 5]);
      // What ended in a refusal is not one that was let through and is under way.
      assert.deepEqual(await read(store, { decision: 'allow' }), [3, 4, 11, 5]);
      assert.deepEqual(await read(store, { limit: 4 }), [4, 11, 12, 5]);
      assert.deepEqual(await read(store, { after: end }), [11, 12, 5]);
    });

    // A record has the time at which its request came: that of a stream may be days before its neighbours'.
    it('goes by the time of each line, also in a batch of several days', async ({ store }) => {
      await store.trail.append(bytesOf(lineAt(NOW - 2 * DAY, 1), lineAt(NOW, 2), lineAt(NOW - DAY, 3)));
      await store.trail.append(bytesOf(lineAt(NOW + DAY, 4)));
      assert.deepEqual(await read(store, { since: NOW }), [2, 4]);
      await store.trail.prune(NOW - HOUR, NOW);
      assert.deepEqual(await read(store, { since: NOW }), [2, 4]);
    });

    it('says where it ends, also where nothing is wanted, and goes on from there', async ({ store }) => {
      await store.trail.append(bytesOf(line(1, 'deny'), line(2)));
      const { records, end } = await store.trail.read({ decision: 'deny' });
      assert.ok(end > records[0]!.seq);
      assert.deepEqual(await store.trail.read({ after: end }), { records: [], end });
      await store.trail.append(bytesOf(line(3), line(4, 'deny'), lineAt(NOW + DAY, 5)));
      assert.deepEqual(await read(store, { after: end }), [3, 4, 5]);
      const next = await store.trail.read({ after: end, decision: 'deny', limit: 0 });
      assert.ok(next.end > end);
      assert.deepEqual(await store.trail.read({ after: next.end }), { records: [], end: next.end });
      assert.deepEqual(await store.trail.read({ limit: 0 }), next);
      await store.trail.append(bytesOf(lineAt(NOW + DAY, 6), lineAt(NOW + 2 * DAY, 7)));
      assert.deepEqual(await read(store, { after: next.end }), [6, 7]);
    });

    it('reads 1,000 lines where no limit is given', async ({ store }) => {
      await store.trail.append(bytesOf(...Array.from({ length: 1200 }, (_, index) => line(index))));
      assert.deepEqual(
        await read(store),
        Array.from({ length: 1000 }, (_, index) => index + 200),
      );
    });

    it('has lines of its own when they are appended', async ({ store }) => {
      const bytes = bytesOf(line(1), line(2));
      await store.trail.append(bytes);
      bytes.fill(0x20);
      assert.deepEqual(await read(store), [1, 2]);
    });

    it('takes whole lines only', async ({ store }) => {
      for (const broken of ['{}\n', line(1).trimEnd(), 'x', ''])
        await assert.rejects(async () => store.trail.append(bytesOf(broken)), { code: 'E_INTERNAL' });
      assert.deepEqual(await read(store), []);
    });

    it('reads what two connections append, each batch whole', async ({ store, openAnother }) => {
      const other = await openAnother();
      for (let number = 0; number < 50; number += 2) {
        await store.trail.append(bytesOf(line(number)));
        await other.trail.append(bytesOf(line(number + 1)));
      }
      assert.deepEqual(
        await read(store),
        Array.from({ length: 50 }, (_, index) => index),
      );
    });

    it('prunes days that are older than the bound, and never gives a number twice', async ({ store }) => {
      for (let day = 0; day < 4; day += 1)
        await store.trail.append(bytesOf(lineAt(NOW + day * DAY, day), lineAt(NOW + day * DAY, day)));
      const last = (await store.trail.read({ limit: 1 })).records[0]!.seq;
      assert.equal(await store.trail.prune(NOW + 2 * DAY, NOW + 3 * DAY), 4);
      assert.deepEqual(await read(store), [2, 2, 3, 3]);
      assert.equal(await store.trail.prune(NOW + 2 * DAY, NOW + 3 * DAY), 0);
      await store.trail.append(bytesOf(lineAt(NOW + 3 * DAY, 9)));
      assert.ok((await store.trail.read({})).records.at(-1)!.seq > last);
    });

    it('prunes around what a clock left that ran far ahead', async ({ store }) => {
      for (const day of [0, 2000, 1, 2]) await store.trail.append(bytesOf(lineAt(NOW + day * DAY, day)));
      await store.trail.prune(NOW + 2 * DAY, NOW + 2 * DAY);
      const left = await read(store);
      assert.deepEqual([left.includes(0), left.includes(1), left.includes(2)], [false, false, true]);
    });

    it('can be appended to and holds what was written', async ({ store }) => {
      await store.trail.check();
      await store.trail.append(bytesOf(line(1), line(2)));
      const { records, bad, cut } = await store.trail.verify();
      assert.deepEqual({ records, bad, cut }, { records: 2, bad: null, cut: [] });
    });
  });
}
