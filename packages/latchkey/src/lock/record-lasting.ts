import type { Asking } from './asking.ts';

/** What ends sooner has one record. */
const SOON_MS = 1000;

/**
 * Has a request that lasts recorded once while it is under way: a process that is killed writes down no end. To be called
 * a few times a second; `record` must not throw.
 */
export function recordLasting<Lasting extends Asking>(
  asking: Lasting,
  now: number,
  record: (asking: Lasting) => void,
): void {
  if (asking.phase || Math.abs(now - asking.startedAt) < SOON_MS) return;
  asking.phase = 'begun';
  record(asking);
  asking.phase = 'ended';
}
