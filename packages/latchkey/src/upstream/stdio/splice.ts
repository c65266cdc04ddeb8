import { toBuffer } from '../to-buffer.ts';

/** Puts `text` in the place of the bytes [start, end). */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Bytes left free around a copy. */
export interface Room {
  readonly before: number;
  readonly after: number;
}

const NO_ROOM: Room = { before: 0, after: 0 };

/** A copy of `source` with the edits made, whatever their order. Edits do not overlap. */
export function splice(source: Uint8Array, edits: Edit[], { before, after } = NO_ROOM): Buffer {
  const bytes = toBuffer(source);
  if (edits.length > 1) edits.sort((a, b) => a.start - b.start);
  let size = before + bytes.length + after;
  for (const edit of edits) size += Buffer.byteLength(edit.text) - (edit.end - edit.start);
  const out = Buffer.allocUnsafe(size);
  let from = 0;
  let to = before;
  for (const edit of edits) {
    to += bytes.copy(out, to, from, edit.start);
    to += out.write(edit.text, to);
    from = edit.end;
  }
  bytes.copy(out, to, from);
  return out;
}

/** An edit that puts members at the front of the object that starts at `start`. */
export function addMembers(start: number, empty: boolean, members: string): Edit {
  return { start: start + 1, end: start + 1, text: empty ? members : `${members},` };
}
