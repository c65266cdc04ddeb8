import { refuse, type Refusal } from '../core/reason.ts';

// A body that comes in many more pieces than its size asks for costs far more than its bytes.
const FREE_PIECES = 1024;
const BYTES_A_PIECE = 64;

/** How much of a body may come, and until when. */
export interface BodyBounds {
  readonly limitBytes: number;
  readonly timeoutMs: number;
}

/** Whether a body of so many bytes may come in so many pieces, the last of which may hold no more than `limit` lets it. */
export function checkPieces(size: number, pieces: number, limit: number): Refusal | null {
  if (size > limit) return refuse('body-too-large');
  return pieces > FREE_PIECES + size / BYTES_A_PIECE ? refuse('framing', { detail: 'too many chunks' }) : null;
}

/**
 * What came of a body so far, and one more piece. Copies into bytes that double: a piece that is kept as it is keeps all
 * that was read from the socket with it. Only the first `size` bytes of the result are of the body.
 */
export function appendPiece(body: Uint8Array | null, size: number, piece: Uint8Array, limit: number): Uint8Array {
  if (body === null) return piece;
  let target = body;
  if (size + piece.length > body.length) {
    target = new Uint8Array(Math.max(size + piece.length, Math.min(2 * body.length, limit)));
    target.set(body.subarray(0, size));
  }
  target.set(piece, size);
  return target;
}
