import { createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * A line that follows each batch of the trail:
 * `{"seal":NUMBER,"prev":MAC,"unsealed":true,"step":BYTES,"marks":"CRC.CRC…","mac":MAC}`. The MAC (HMAC-SHA-256 with a key of the store)
 * is over what precedes it in the seal and the bytes of the batch. Numbers grow by one, `prev` is the MAC of the seal
 * before, so records cannot be edited, moved, removed or added without the key. Marks only say where a batch was changed: the
 * batch is parted into pieces of whole lines, each of `step` bytes or one line more. `unsealed` is on the seal of bytes that were found without one.
 */
export interface Seal {
  readonly number: number;
  readonly prev: string;
  readonly unsealed: boolean;
  readonly step: number;
  readonly marks: readonly string[];
  readonly mac: string;
  /** What the MAC covers besides the batch. */
  readonly head: string;
}

export const SEAL_START = '{"seal":';
const START_BYTES = Buffer.from(SEAL_START);
const FORM =
  /^(\{"seal":(\d{1,15}),"prev":"([\w-]{0,43})"(,"unsealed":true)?,"step":(\d{1,9}),"marks":"([\da-z.]*)"),"mac":"([\w-]{43})"\}$/;
/** Of one batch, at most; smaller batches have one for each line. */
const MOST_MARKS = 128;

export function formatSeal(
  key: string,
  batch: Uint8Array,
  { number, prev, unsealed }: Pick<Seal, 'number' | 'prev' | 'unsealed'>,
): { readonly line: Buffer; readonly mac: string } {
  const step = Math.ceil(batch.length / MOST_MARKS);
  const marks = listPieces(batch, step).map((end, index, ends) => markOf(batch, ends[index - 1] ?? 0, end));
  const head = `${SEAL_START}${number},"prev":"${prev}"${unsealed ? ',"unsealed":true' : ''},"step":${step},"marks":"${marks.join('.')}"`;
  const mac = macOf(key, head, batch);
  return { line: Buffer.from(`${head},"mac":"${mac}"}\n`, 'latin1'), mac };
}

/** Null for any other line, a damaged seal among them. */
export function parseSeal(line: Buffer): Seal | null {
  if (!isSeal(line)) return null;
  const found = FORM.exec(line.toString('latin1'));
  if (found === null) return null;
  const [, head = '', number, prev = '', unsealed, step, marks = '', mac = ''] = found;
  return {
    number: Number(number),
    prev,
    unsealed: unsealed !== undefined,
    step: Math.max(1, Number(step)),
    marks: marks.split('.'),
    mac,
    head,
  };
}

/** Whether a line of the trail is none of its records. */
export function isSeal(line: Buffer): boolean {
  return line.subarray(0, SEAL_START.length).equals(START_BYTES);
}

export function fitsSeal(key: string, batch: Uint8Array, seal: Seal): boolean {
  return macOf(key, seal.head, batch) === seal.mac;
}

/** Where the first piece of the batch begins that is not as it was sealed; null when every piece is. */
export function findChange(batch: Uint8Array, { step, marks }: Seal): number | null {
  let start = 0;
  for (const [index, end] of listPieces(batch, step).entries()) {
    if (markOf(batch, start, end) !== marks[index]) return start;
    start = end;
  }
  return null;
}

function macOf(key: string, head: string, batch: Uint8Array): string {
  return createHmac('sha256', key).update(head).update(batch).digest('base64url');
}

function markOf(batch: Uint8Array, start: number, end: number): string {
  return crc32(batch.subarray(start, end)).toString(36);
}

function listPieces(batch: Uint8Array, step: number): readonly number[] {
  const ends: number[] = [];
  for (let start = 0; start < batch.length;) {
    const found = batch.indexOf(0x0a, start + step - 1);
    start = found === -1 ? batch.length : found + 1;
    ends.push(start);
  }
  return ends;
}
