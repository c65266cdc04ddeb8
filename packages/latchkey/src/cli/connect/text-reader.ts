import { DocumentError } from './document.ts';

/** A text that is read from its start to its end. */
export interface TextReader {
  /** How far it was read. */
  readonly at: number;
  readonly ended: boolean;
  startsWith(word: string): boolean;
  /** Reads what a sticky pattern matches here; null where it does not. */
  take(pattern: RegExp): string | null;
  /** Reads a word, if it is the next. */
  takeWord(word: string): boolean;
  /** Throws DocumentError for this place. */
  fail(message: string): never;
}

/** Starts behind a byte order mark. */
export function createTextReader(text: string): TextReader {
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  return {
    get at() {
      return at;
    },
    get ended() {
      return at >= text.length;
    },
    startsWith: (word) => text.startsWith(word, at),
    take(pattern) {
      pattern.lastIndex = at;
      const found = pattern.exec(text)?.[0] ?? null;
      if (found !== null) at += found.length;
      return found;
    },
    takeWord(word) {
      if (!text.startsWith(word, at)) return false;
      at += word.length;
      return true;
    },
    fail(message) {
      throw new DocumentError(at, message);
    },
  };
}
