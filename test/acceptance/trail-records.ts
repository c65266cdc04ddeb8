import { expect } from 'vitest';
import type { Site, Spy } from './harness.ts';

export type TrailRecord = Readonly<Record<string, unknown>>;

/** Waits until the trail holds a record with these members, and gives the newest. Records are written in batches. */
export async function waitForRecord(site: Site<Spy>, members: TrailRecord): Promise<TrailRecord> {
  let found: TrailRecord | undefined;
  await expect
    .poll(async () => (found = (await readRecords(site)).findLast((record) => includes(record, members))), {
      timeout: 15_000,
      interval: 100,
    })
    .toMatchObject(members);
  return found as TrailRecord;
}

export async function readRecords(site: Site<Spy>): Promise<readonly TrailRecord[]> {
  const lines = await site.gateway.command('trail', '--json');
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as TrailRecord);
}

function includes(record: TrailRecord, members: TrailRecord): boolean {
  return Object.entries(members).every(([name, value]) => JSON.stringify(record[name]) === JSON.stringify(value));
}
