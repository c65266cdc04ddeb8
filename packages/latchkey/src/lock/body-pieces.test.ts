import { describe, expect, it } from 'vitest';
import { checkPieces } from './body-pieces.ts';

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
