import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../store/memory/open.ts';
import { createToolPins } from './tool-pins.ts';

function pinsOf(store = createMemoryStore()) {
  const failures: unknown[] = [];
  const pins = createToolPins({
    server: 'default',
    mode: 'block',
    store: store.pins,
    onChange: () => {},
    onFailure: (error) => failures.push(error),
  });
  return { pins, store, failures };
}

describe('createToolPins', () => {
  it('keeps no name that is longer than a line of the trail takes, so that no list of names fills memory and disk', async () => {
    const { pins, store, failures } = pinsOf();
    const [longest, longer] = ['x'.repeat(512), 'x'.repeat(513)];
    for (const name of [longest, longer]) pins.see({ name, inputSchema: {} }, 1);
    expect(await pins.allows(longest)).toBe(true);
    expect(await pins.allows(longer)).toBe(false);
    expect((await store.pins.list(null)).map(({ tool }) => tool)).toEqual([longest]);
    expect(failures).toEqual([]);
  });
});
