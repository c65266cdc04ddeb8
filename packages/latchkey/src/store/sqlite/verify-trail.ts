import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { TrailCheck, TrailFinding } from '../../core/store.ts';
import { hasSealChain, type Head, type SealChain } from './seal-chain.ts';
import { countLines, firstSealIn, judgeUnsealed, NOTHING_PASSED, readBatches, type Passed } from './sealed-batches.ts';
import { isGone, listSegments, type Segment } from './trail-segments.ts';

interface Sized extends Segment {
  readonly size: number;
}

/**
 * Holds the whole trail against its seals and the head of their chain, as they are at one moment; others may go on writing,
 * and pruning.
 */
export function verifyTrail(folder: string, seals: string, chain: SealChain, key: string): TrailCheck {
  // Where a file was pruned before it was read, another moment is taken, of one file less.
  for (let left = listSegments(folder).length; left > 0; left -= 1) {
    try {
      return verifyMoment(folder, seals, chain, key);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return verifyMoment(folder, seals, chain, key);
}

function verifyMoment(folder: string, seals: string, chain: SealChain, key: string): TrailCheck {
  const { head, segments } = takeStock(folder, seals, chain);
  const cut: TrailFinding[] = [];
  let passed = startOf(segments[0], head);
  let records = 0;
  let bad: TrailFinding | null = null;
  for (const segment of segments) {
    const found = verifySegment(segment, key, passed);
    records += found.records;
    cut.push(...found.cut);
    ({ passed, bad } = found);
    if (bad !== null) break;
  }
  bad ??= findMissingEnd(segments.at(-1), passed, head);
  const seal = passed.mac === null || passed.number === 0 ? null : { number: passed.number, mac: passed.mac };
  return { records, files: segments.length, seal, bad, cut };
}

/** What was pruned by its age is not missing. Pruning moves the head first, so a file older than that may still be there. */
function startOf(oldest: Sized | undefined, head: Head | null): Passed {
  if (oldest === undefined || head === null) return NOTHING_PASSED;
  const first = Math.min(head.first, firstSealIn(readFileSync(oldest.path)) ?? head.first);
  return first <= 1 ? NOTHING_PASSED : { number: first - 1, mac: null };
}

function findMissingEnd(last: Sized | undefined, passed: Passed, head: Head | null): TrailFinding | null {
  const expected = head?.number ?? 0;
  if (passed.number >= expected && (head !== null || passed.number === 0)) return null;
  if (last === undefined) return { what: 'end-missing', file: '', line: 1 };
  const line = countLines(readFileSync(last.path)) + 1;
  return { what: 'end-missing', file: basename(last.path), line };
}

function takeStock(folder: string, seals: string, chain: SealChain) {
  let head: Head | null = null;
  let segments: readonly Sized[] = [];
  const look = (found: Head | null): null => {
    head = found;
    segments = listSegments(folder).flatMap((segment) => {
      const there = statSync(segment.path, { throwIfNoEntry: false });
      return there === undefined ? [] : [{ ...segment, size: there.size }];
    });
    return null;
  };
  // To ask for the chain would make one.
  if (hasSealChain(seals)) chain.move(look);
  else look(null);
  return { head: head as Head | null, segments };
}

function verifySegment(segment: Sized, key: string, before: Passed) {
  const bytes = readFileSync(segment.path).subarray(0, segment.size);
  const toFinding = (found: Omit<TrailFinding, 'file'>): TrailFinding => ({ ...found, file: basename(segment.path) });
  const { passed, records, end, ...found } = readBatches(key, bytes, 0, before);
  const cut = found.cut.map(toFinding);
  if (found.bad !== null) return { passed, records, cut, bad: toFinding(found.bad) };
  if (end === bytes.length) return { passed, records, cut, bad: null };
  const rest = toFinding(judgeUnsealed(bytes.subarray(end), countLines(bytes.subarray(0, end)) + 1));
  return rest.what === 'cut'
    ? { passed, records, cut: [...cut, rest], bad: null }
    : { passed, records, cut, bad: rest };
}
