import { describe, expect, it } from 'vitest';
import { appendPiece, checkPieces } from './body-pieces.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('checkPieces', () => {
  it('takes a body of just the limit, and none of more', () => {
    expect(checkPieces(10, 1, 10)).toBeNull();
    expect(checkPieces(11, 1, 10)?.reason).toBe('body-too-large');
  });

  it('gives 1,024 pieces for nothing, and one more for every 64 bytes', () => {
    expect(checkPieces(0, 1024, 10)).toBeNull();
    expect(checkPieces(63, 1025, 100)?.reason).toBe('framing');
    expect(checkPieces(64, 1025, 100)).toBeNull();
  });
});

describe('appendPiece', () => {
  it('keeps the order, whatever room is left, and writes nothing into a piece', () => {
    const first = bytes(1, 2);
    let body: Uint8Array | null = null;
    let size = 0;
    for (const piece of [first, bytes(3), bytes(4), bytes(), bytes(5, 6, 7, 8, 9, 10)]) {
      body = appendPiece(body, size, piece, 100);
      size += piece.length;
    }
    expect([...(body as Uint8Array).subarray(0, size)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect([...first]).toEqual([1, 2]);
  });

  it('doubles its room, past the limit by no more than has come', () => {
    expect(appendPiece(bytes(1, 2, 3, 4), 4, bytes(5), 100)).toHaveLength(8);
    expect(appendPiece(bytes(1, 2, 3, 4), 4, bytes(5), 6)).toHaveLength(6);
  });
});
