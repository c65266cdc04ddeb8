import { fold } from './json-shape.ts';
import { decodeText } from './json-text.ts';

// Up to this many keys of one object are compared one by one, more by sorting.
const FEW_KEYS = 16;
const KEPT = 1024;

// The keys of all open objects, innermost last. One document is read at a time and never across an await, so they can
// live here instead of in an allocation.
let hashes = new Int32Array(KEPT);
let starts = new Int32Array(KEPT);
let stops = new Int32Array(KEPT);
let top = 0;

/** Forgets all keys, also those of a document that was left in the middle. */
export function forgetKeys(): void {
  top = 0;
  if (hashes.length > KEPT) resizeTo(KEPT);
}

/** Opens an object; `closeKeys` wants what it returns. */
export function openKeys(): number {
  return top;
}

/** Notes a key of the innermost object. */
export function noteKey(hash: number, start: number, stop: number): void {
  if (top === hashes.length) resizeTo(top * 2);
  hashes[top] = hash;
  starts[top] = start;
  stops[top] = stop;
  top += 1;
}

/**
 * Closes the innermost object: `duplicate` when it has a key twice, `alike` when it is `watched` and some program takes
 * two of its keys for the same. However the keys were chosen, each is decoded once at most.
 */
export function closeKeys(document: Uint8Array, base: number, watched: boolean): 'distinct' | 'duplicate' | 'alike' {
  const suspected = top - base > FEW_KEYS || hasPair(base);
  const repeated = suspected ? sortRepeated(base) : null;
  const found = repeated === null ? 'distinct' : compareKeys(document, base, repeated, watched);
  top = base;
  return found;
}

function hasPair(base: number): boolean {
  for (let i = base + 1; i < top; i += 1) {
    const hash = hashes[i];
    for (let j = base; j < i; j += 1) if (hashes[j] === hash) return true;
  }
  return false;
}

/** The hashes that are there more than once, ascending; null when there is none. */
function sortRepeated(base: number): Int32Array | null {
  const sorted = hashes.slice(base, top).sort();
  let count = 0;
  for (let i = 1; i < sorted.length; i += 1) {
    const hash = sorted[i] as number;
    if (hash !== sorted[i - 1] || (count > 0 && sorted[count - 1] === hash)) continue;
    sorted[count] = hash;
    count += 1;
  }
  return count === 0 ? null : sorted.subarray(0, count);
}

// Not a set of numbers: V8 hashes those without a seed, and the caller chooses them.
function includes(ascending: Int32Array, hash: number): boolean {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < hash) low = middle + 1;
    else high = middle;
  }
  return ascending[low] === hash;
}

// Exact keys go in as `=key` and folded ones as `~key`, so that one set answers both questions.
function compareKeys(
  document: Uint8Array,
  base: number,
  repeated: Int32Array,
  watched: boolean,
): ReturnType<typeof closeKeys> {
  const seen = new Set<string>();
  let alike = false;
  for (let i = base; i < top; i += 1) {
    if (!includes(repeated, hashes[i] as number)) continue;
    const key = decodeText(document, starts[i] as number, stops[i] as number);
    if (isThere(seen, `=${key}`)) return 'duplicate';
    if (watched && isThere(seen, `~${fold(key)}`)) alike = true;
  }
  return alike ? 'alike' : 'distinct';
}

function isThere(seen: Set<string>, text: string): boolean {
  return seen.size === seen.add(text).size;
}

function resizeTo(length: number): void {
  const resize = (old: Int32Array): Int32Array<ArrayBuffer> => {
    const next = new Int32Array(length);
    next.set(old.subarray(0, Math.min(length, old.length)));
    return next;
  };
  hashes = resize(hashes);
  starts = resize(starts);
  stops = resize(stops);
}
