import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../../core/error.ts';
import type { TrailQuery, TrailStore } from '../../core/store.ts';
import { checkSpan } from '../../credentials/check.ts';
import { withStore, type StoreFlags } from '../credential/settings.ts';
import { print, say } from '../output.ts';
import { formatRecord, RECORD_HEAD } from './format-record.ts';

export interface TrailFlags extends StoreFlags {
  readonly follow?: true;
  readonly since?: string;
  readonly decision?: 'allow' | 'deny';
  readonly limit: string;
}

const POLL_MS = 250;
const MOST = 1_000_000;

/** Prints the trail: a table for people, the records' own lines with --json. With --follow it ends only by a signal. */
export async function readTrail(flags: TrailFlags): Promise<void> {
  const limit = checkLimit(flags.limit);
  const query: TrailQuery = {
    limit,
    ...(flags.since === undefined ? {} : { since: Date.now() - checkSpan(flags.since, '--since') }),
    ...(flags.decision === undefined ? {} : { decision: flags.decision }),
  };
  await withStore(flags, async ({ trail }) => {
    const end = await printNew(trail, query, flags, true);
    if (flags.follow) await follow(trail, query, flags, end);
  });
}

async function follow(trail: TrailStore, query: TrailQuery, flags: TrailFlags, from: number): Promise<void> {
  let end = from;
  for (;;) {
    await sleep(POLL_MS);
    end = await printNew(trail, { ...query, after: end, limit: MOST }, flags, false);
  }
}

/** Prints what the query finds; returns where the trail ended. */
async function printNew(trail: TrailStore, query: TrailQuery, flags: TrailFlags, first: boolean): Promise<number> {
  const { records, end } = await trail.read(query);
  if (first && !flags.json) {
    if (records.length > 0 || flags.follow) print(RECORD_HEAD());
    else say('Nothing in the trail matches.');
  }
  if (records.length > 0) print(records.map(({ json }) => (flags.json ? `${json}\n` : formatRecord(json))).join(''));
  return end;
}

function checkLimit(given: string): number {
  const limit = /^\d{1,7}$/.test(given) ? Number(given) : 0;
  if (limit >= 1 && limit <= MOST) return limit;
  throw new LatchkeyError('E_USAGE', '--limit is not a number of records.', {
    hint: `Give a number from 1 to ${MOST}.`,
  });
}
