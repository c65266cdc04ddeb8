/** A pattern in which `*` stands for any run of UTF-16 code units, also an empty one; nothing else is special. */
export interface Glob {
  readonly pattern: string;
  /** What a match must start with. */
  readonly head: string;
  /** What must follow, in this order, between head and tail. */
  readonly middles: readonly string[];
  /** What a match must end with; null for a pattern without `*`, which matches only itself. */
  readonly tail: string | null;
}

/** Longer names never match a glob, only an exact rule, so that matching costs little whatever a caller sends. */
export const MAX_GLOB_TARGET = 8192;

export function isGlob(pattern: string): boolean {
  return pattern.includes('*');
}

/** `fold` is applied to what stands between the stars. */
export function parseGlob(pattern: string, fold: (text: string) => string = same): Glob {
  const parts = pattern.split('*').map((part) => fold(part));
  const head = parts[0] as string;
  const tail = parts.length > 1 ? (parts.at(-1) as string) : null;
  return { pattern, head, middles: parts.slice(1, -1).filter((part) => part !== ''), tail };
}

function same(text: string): string {
  return text;
}

/** Whether `text` matches, by code unit: no case folding, no normalisation, no backtracking. */
export function matchesGlob(glob: Glob, text: string): boolean {
  const { head, middles, tail } = glob;
  if (tail === null) return text === head;
  const end = text.length - tail.length;
  if (end < head.length || text.length > MAX_GLOB_TARGET) return false;
  if (!text.startsWith(head) || !text.endsWith(tail)) return false;
  let from = head.length;
  for (const middle of middles) {
    // Taking the leftmost place leaves the most room for the rest, so no other place need be tried.
    const at = text.indexOf(middle, from);
    if (at === -1 || at + middle.length > end) return false;
    from = at + middle.length;
  }
  return true;
}

/** Whether any text that starts with `prefix` matches. */
export function couldMatchFrom(glob: Glob, prefix: string): boolean {
  if (glob.tail === null) return glob.head.startsWith(prefix);
  // After the first `*` whatever is still missing can follow the prefix.
  return glob.head.startsWith(prefix) || prefix.startsWith(glob.head);
}

/** Whether every text that starts with `prefix` matches. */
export function matchesAllFrom(glob: Glob, prefix: string): boolean {
  return glob.tail === '' && matchesGlob(glob, prefix);
}

// U+FFFE is no character, so no name or pattern that a person wrote has it.
const STRANGE = '\uFFFE';

/**
 * Whether every text that `narrow` matches is matched by `wide` too, decided exactly: put a character that `wide` does
 * not name for each `*` of `narrow`. If `wide` matches that text, only its own `*` can have taken those characters, and
 * they would take anything else as well. By the same argument several globs cover one only if one of them does alone.
 */
export function coversGlob(wide: Glob, narrow: Glob): boolean {
  if (wide.pattern.includes(STRANGE) || narrow.pattern.includes(STRANGE)) return false;
  return matchesGlob(wide, narrow.pattern.replaceAll('*', STRANGE));
}
