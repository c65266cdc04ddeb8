import { refuse, type Refusal } from '../core/reason.ts';

// A body that comes in many more pieces than its size asks for costs far more than its bytes.
const FREE_PIECES = 1024;
const BYTES_A_PIECE = 64;

/** Whether a body of so many bytes may come in so many pieces, the last of which may hold no more than `limit` lets it. */
export function checkPieces(size: number, pieces: number, limit: number): Refusal | null {
  if (size > limit) return refuse('body-too-large');
  return pieces > FREE_PIECES + size / BYTES_A_PIECE ? refuse('framing', { detail: 'too many chunks' }) : null;
}
