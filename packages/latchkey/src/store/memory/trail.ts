import { LatchkeyError } from '../../core/error.ts';
import type { TrailQuery, TrailStore } from '../../core/store.ts';

const DEFAULT_LIMIT = 1000;
const WHOLE_LINES = /^\{"time":"\d{4}-\d{2}-\d{2}[^]*\n$/;

interface Line {
  readonly seq: number;
  readonly json: string;
}

interface MemoryTrailStore extends TrailStore {
  append(lines: Uint8Array): void;
}

/** `TrailStore` in a list of the newest `size` lines. Nobody else can write to it, so there is nothing to seal. */
export function createTrailStore(size: number): MemoryTrailStore {
  let kept: Line[] = [];
  let seq = 0;
  return {
    append(lines) {
      const text = new TextDecoder().decode(lines);
      if (!WHOLE_LINES.test(text)) throw noLines();
      for (const json of text.slice(0, -1).split('\n')) kept.push({ seq: ++seq, json });
      if (kept.length > size) kept = kept.slice(-size);
    },
    check() {},
    read: (query) => {
      const { after = 0, limit = DEFAULT_LIMIT } = query;
      const found = kept.filter((line) => line.seq > after && matches(line, query));
      return { records: found.slice(Math.max(0, found.length - limit)), end: seq };
    },
    prune(before) {
      const young = kept.filter((line) => timeOf(line) >= before);
      const removed = kept.length - young.length;
      kept = young;
      return removed;
    },
    verify: () => ({ records: kept.length, files: 0, seal: null, bad: null, cut: [] }),
  };
}

function matches(line: Line, { since, decision }: TrailQuery): boolean {
  return (
    (since === undefined || timeOf(line) >= since) && (decision === undefined || parse(line).decision === decision)
  );
}

const timeOf = (line: Line): number => Date.parse(parse(line).time);

function parse({ json }: Line): { readonly time: string; readonly decision?: string } {
  return JSON.parse(json) as { time: string; decision?: string };
}

function noLines(): LatchkeyError {
  return new LatchkeyError('E_INTERNAL', 'These are no lines of the trail.', { hint: 'please report this' });
}
