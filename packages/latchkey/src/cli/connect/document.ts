/** What is wrong with a settings file, and where in its text. */
export class DocumentError extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.name = 'DocumentError';
    this.offset = offset;
  }
}

/** A change to a text: what stood from an offset on, and what stands there instead. */
export interface Edit {
  readonly offset: number;
  readonly removed: string;
  readonly added: string;
}

/** The text with edits made, in any order; none may overlap another. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const ordered = [...edits].sort((a, b) => b.offset - a.offset);
  return ordered.reduce(
    (left, { offset, removed, added }) => left.slice(0, offset) + added + left.slice(offset + removed.length),
    text,
  );
}

/** Line and column, both from 1. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

/** The line break that the text uses. */
export function lineBreakOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}
