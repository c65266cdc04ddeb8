import { describe, expect, it } from 'vitest';
import { toBuffer } from './to-buffer.ts';

describe('toBuffer', () => {
  it('gives a Buffer back as it is', () => {
    const bytes = Buffer.from('text');
    expect(toBuffer(bytes)).toBe(bytes);
  });

  it('sees the very bytes that others see, and no more of them', () => {
    const memory = new TextEncoder().encode('a text');
    const buffer = toBuffer(memory.subarray(2));
    expect(buffer.toString()).toBe('text');
    memory[2] = 0x54;
    expect(buffer.toString()).toBe('Text');
  });
});
