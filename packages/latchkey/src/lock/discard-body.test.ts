import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { discardBody } from './discard-body.ts';

const MIB = 2 ** 20;

/** How much of a body of that size is taken from its sender. */
async function takenOf(size: number): Promise<{ taken: number; ended: boolean }> {
  let taken = 0;
  const body = new Readable({
    highWaterMark: MIB,
    read() {
      if (taken === size) return void this.push(null);
      taken += MIB;
      this.push(Buffer.alloc(MIB));
    },
  });
  discardBody(body);
  for (let turn = 0; turn < 200; turn += 1) await setImmediate();
  return { taken, ended: body.readableEnded };
}

describe('discardBody', () => {
  it('reads a body of 16 MiB to its end', async () => {
    expect(await takenOf(16 * MIB)).toEqual({ taken: 16 * MIB, ended: true });
  });

  it('leaves what is over where it is', async () => {
    const { taken, ended } = await takenOf(64 * MIB);
    expect(taken).toBeLessThanOrEqual(19 * MIB);
    expect(ended).toBe(false);
  });
});
