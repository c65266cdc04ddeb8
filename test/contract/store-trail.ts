import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../packages/latchkey/src/core/store.ts';

/** The store of the test that runs, and more of them at the same place. */
export interface Opened {
  store(): Store;
  openAnother(): Promise<Store>;
}

const NOW = Date.parse('2026-06-01T12:00:00Z');

let serial = 0;
const digest = () => hash('sha256', `definition ${++serial}`, 'hex');

const lineAt = (at: number, number: number, decision: 'allow' | 'deny' = 'allow') =>
  `{"time":"${new Date(at).toISOString()}","decision":"${decision}","n":${number}}\n`;
/** One line of the trail, `number` milliseconds after the contract's time. */
export const line = (number: number, decision: 'allow' | 'deny' = 'allow') => lineAt(NOW + number, number, decision);
export const bytesOf = (...lines: readonly string[]) => Buffer.from(lines.join(''));

const numbers = (rows: readonly { json: string }[]) => rows.map((row) => (JSON.parse(row.json) as { n: number }).n);

const seeRead = (store: Store, definition: string, now: number) =>
  store.pins.see('files', new Map([['read', definition]]), now);

/** What every engine must show of its pins and its trail. */
export function describePinsAndTrail(opened: Opened): void {
  describe('pins', () => {
    const [first, second, third] = [digest(), digest(), digest()];

    it('keep the first definition of a tool, and what was found last until it is accepted', async () => {
      await seeRead(opened.store(), first, NOW);
      await seeRead(opened.store(), first, NOW + 1);
      const [pin] = await opened.store().pins.list('files');
      expect(pin).toMatchObject({ server: 'files', tool: 'read', digest: first, found: null, at: NOW });
      await seeRead(opened.store(), second, NOW + 2);
      await seeRead(opened.store(), third, NOW + 3);
      const [changed] = await (await opened.openAnother()).pins.list(null);
      expect(changed).toMatchObject({ digest: first, found: third, at: NOW });
      expect(await opened.store().pins.accept({ ...changed!, found: second }, NOW + 4)).toBe(false);
      expect(await opened.store().pins.accept(changed!, NOW + 4)).toBe(true);
      expect(await opened.store().pins.accept(changed!, NOW + 5)).toBe(false);
      const [accepted] = await opened.store().pins.list('files');
      expect(accepted).toMatchObject({ digest: third, found: null, at: NOW + 4 });
    });

    it('forget what was found when the pinned definition comes back, and are of one server', async () => {
      await seeRead(opened.store(), first, NOW);
      await seeRead(opened.store(), second, NOW + 1);
      await seeRead(opened.store(), first, NOW + 2);
      const [pin] = await opened.store().pins.list('files');
      expect(pin).toMatchObject({ digest: first, found: null });
      await opened.store().pins.see('db', new Map([['read', second]]), NOW);
      expect(await opened.store().pins.list('other')).toEqual([]);
      expect((await opened.store().pins.list(null)).map(({ server }) => server)).toEqual(['db', 'files']);
    });
  });

  describe('trail', () => {
    it('gives back the newest lines, oldest first, with growing numbers', async () => {
      await opened.store().trail.append(bytesOf(line(1), line(2)));
      await opened.store().trail.append(bytesOf(line(3), line(4, 'deny')));
      const rows = await opened.store().trail.read({});
      expect(numbers(rows)).toEqual([1, 2, 3, 4]);
      expect(rows.map((row) => row.seq)).toEqual(rows.map((row) => row.seq).sort((a, b) => a - b));
      expect(numbers(await opened.store().trail.read({ limit: 2 }))).toEqual([3, 4]);
      expect(numbers(await opened.store().trail.read({ since: NOW + 2, limit: 10 }))).toEqual([2, 3, 4]);
      expect(numbers(await opened.store().trail.read({ decision: 'deny' }))).toEqual([4]);
      expect(numbers(await opened.store().trail.read({ after: rows[2]!.seq }))).toEqual([4]);
    });

    it('reads 1,000 lines where no limit is given', async () => {
      await opened.store().trail.append(bytesOf(...Array.from({ length: 1200 }, (_, index) => line(index))));
      const rows = await opened.store().trail.read({});
      expect(numbers(rows)).toEqual(Array.from({ length: 1000 }, (_, index) => index + 200));
    });

    it('takes whole lines only', async () => {
      for (const broken of ['{}\n', line(1).trimEnd(), 'x', '']) {
        await expect((async () => opened.store().trail.append(Buffer.from(broken)))()).rejects.toMatchObject({
          code: 'E_INTERNAL',
        });
      }
      expect(await opened.store().trail.read({})).toEqual([]);
    });

    it('reads what two processes append, each batch whole', async () => {
      const other = await opened.openAnother();
      for (let number = 0; number < 50; number += 2) {
        await opened.store().trail.append(bytesOf(line(number)));
        await other.trail.append(bytesOf(line(number + 1)));
      }
      expect(numbers(await opened.store().trail.read({}))).toEqual(Array.from({ length: 50 }, (_, index) => index));
    });

    it('prunes days that are older than the bound, and never gives a number twice', async () => {
      const DAY = 86_400_000;
      for (let day = 0; day < 4; day += 1) {
        await opened.store().trail.append(bytesOf(lineAt(NOW + day * DAY, day), lineAt(NOW + day * DAY, day)));
      }
      const last = (await opened.store().trail.read({ limit: 1 }))[0]!.seq;
      expect(await opened.store().trail.prune(NOW + 2 * DAY)).toBe(4);
      expect(numbers(await opened.store().trail.read({}))).toEqual([2, 2, 3, 3]);
      expect(await opened.store().trail.prune(NOW + 2 * DAY)).toBe(0);
      await opened.store().trail.append(bytesOf(lineAt(NOW + 3 * DAY, 9)));
      expect((await opened.store().trail.read({})).at(-1)!.seq).toBeGreaterThan(last);
    });
  });
}
