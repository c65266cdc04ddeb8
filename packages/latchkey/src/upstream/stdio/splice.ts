import { toBuffer } from '../to-buffer.ts';

/** Puts `text` in the place of the bytes [start, end). */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A copy of `source` with the edits made, whatever their order, and `room` bytes free at its end. Edits do not overlap. */
export function splice(source: Uint8Array, edits: Edit[], room = 0): Buffer {
  const bytes = toBuffer(source);
  if (edits.length > 1) edits.sort((a, b) => a.start - b.start);
  let size = bytes.length + room;
  for (const edit of edits) size += Buffer.byteLength(edit.text) - (edit.end - edit.start);
  const out = Buffer.allocUnsafe(size);
  let from = 0;
  let to = 0;
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
