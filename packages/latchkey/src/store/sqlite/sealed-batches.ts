import type { TrailFinding } from '../../core/store.ts';
import { findChange, fitsSeal, isSeal, parseSeal, type Seal } from './seal.ts';

/** The last seal that was passed. Its MAC is null where it is not kept any more. */
export interface Passed {
  readonly number: number;
  readonly mac: string | null;
}

/** Before the first seal. */
export const NOTHING_PASSED: Passed = { number: 0, mac: '' };

/** What a stretch of one segment holds. Offsets are bytes, lines are counted from the first one of the stretch. */
export interface Batches {
  readonly passed: Passed;
  /** Records in whole batches that were sealed by who wrote them. */
  readonly records: number;
  /** Where the last whole batch ends. */
  readonly end: number;
  readonly cut: readonly Found[];
  /** The first thing that is wrong; nothing was read after it. */
  readonly bad: Found | null;
}

type Found = Omit<TrailFinding, 'file'>;

/** Holds batch after batch against its seal, from `start` on. */
export function readBatches(key: string, bytes: Buffer, start: number, before: Passed): Batches {
  const cut: Found[] = [];
  let passed = before;
  let [records, end, line, first] = [0, start, 0, 1];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf(0x0a, at);
    if (lineEnd === -1) return { passed, records, end, cut, bad: null };
    line += 1;
    const seal = parseSeal(bytes.subarray(at, lineEnd));
    if (seal !== null) {
      const batch = bytes.subarray(end, at);
      const found = judge(key, batch, seal, passed, first, line);
      if (found !== null && found.what !== 'cut') return { passed, records, end, cut, bad: found };
      if (found === null) records += line - first;
      else cut.push(found);
      first = line + 1;
      passed = seal;
      end = lineEnd + 1;
    }
    at = lineEnd + 1;
  }
}

function judge(key: string, batch: Buffer, seal: Seal, passed: Passed, first: number, sealLine: number): Found | null {
  const follows = seal.number === passed.number + 1 && (passed.mac === null || seal.prev === passed.mac);
  if (!follows) return { what: 'missing', line: first };
  if (!fitsSeal(key, batch, seal)) {
    const changed = findChange(batch, seal);
    return { what: 'changed', line: changed === null ? sealLine : first + countLines(batch.subarray(0, changed)) };
  }
  return seal.unsealed ? judgeUnsealed(batch, first) : null;
}

/** What a process left that ended while writing has a last line that is no whole record. */
export function judgeUnsealed(bytes: Buffer, first: number): Found {
  const lines = bytes.toString('utf8').replace(/\n$/, '').split('\n');
  const last = lines.at(-1) ?? '';
  return isRecord(last) ? { what: 'unsealed', line: first } : { what: 'cut', line: first + lines.length - 1, first };
}

function isRecord(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
}

export function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) lines += 1;
  return lines;
}

/** Lines that are records, not seals. */
export function countRecords(bytes: Buffer): number {
  let records = 0;
  for (let start = 0, end = bytes.indexOf(0x0a); end !== -1; start = end + 1, end = bytes.indexOf(0x0a, start)) {
    if (!isSeal(bytes.subarray(start, end))) records += 1;
  }
  return records;
}

/** Number of the first seal in a segment; null when it has none. */
export function firstSealIn(bytes: Buffer): number | null {
  for (let start = 0, end = bytes.indexOf(0x0a); end !== -1; start = end + 1, end = bytes.indexOf(0x0a, start)) {
    const seal = parseSeal(bytes.subarray(start, end));
    if (seal !== null) return seal.number;
  }
  return null;
}
