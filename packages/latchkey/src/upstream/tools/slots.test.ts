import { describe, expect, it } from 'vitest';
import { createSlots } from './slots.ts';

const never = new AbortController().signal;

describe('createSlots', () => {
  it('gives places in the order of asking, up to its bounds', async () => {
    const slots = createSlots({ most: 1, mostWaiting: 2 });
    const order: string[] = [];
    const first = await slots.acquire(never);
    const second = slots.acquire(never).then((release) => (order.push('second'), release));
    const third = slots.acquire(never).then((release) => (order.push('third'), release));
    expect(await slots.acquire(never)).toBe('full');
    expect([slots.running, slots.waiting]).toEqual([1, 2]);
    (first as () => void)();
    (first as () => void)();
    ((await second) as () => void)();
    ((await third) as () => void)();
    expect(order).toEqual(['second', 'third']);
    expect([slots.running, slots.waiting]).toEqual([0, 0]);
  });

  it('lets who goes away leave the queue', async () => {
    const slots = createSlots({ most: 1, mostWaiting: 1 });
    const first = await slots.acquire(never);
    const leave = new AbortController();
    const second = slots.acquire(leave.signal);
    leave.abort();
    expect(await second).toBe('aborted');
    const third = slots.acquire(never);
    (first as () => void)();
    expect(await third).toBeTypeOf('function');
    expect(await slots.acquire(AbortSignal.abort())).toBe('aborted');
  });
});
