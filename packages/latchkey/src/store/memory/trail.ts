import type { TrailStore } from '../../core/store.ts';
import { createTrailFilter } from '../trail-filter.ts';
import { DEFAULT_LIMIT, noLines } from '../trail-lines.ts';

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
      if (!WHOLE_LINES.test(text)) throw noLines(text);
      for (const json of text.slice(0, -1).split('\n')) kept.push({ seq: ++seq, json });
      if (kept.length > size) kept = kept.slice(-size);
    },
    check() {},
    read: (query) => {
      const { after = 0, limit = DEFAULT_LIMIT } = query;
      const isWanted = createTrailFilter(query);
      const found = kept.toReversed().filter((line) => line.seq > after && isWanted(line.json));
      return { records: found.slice(0, limit).toReversed(), end: seq };
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

const timeOf = ({ json }: Line): number => Date.parse((JSON.parse(json) as { time: string }).time);
