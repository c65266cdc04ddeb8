import { homedir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { defaultStoreFolder } from './store-folder.ts';

describe('defaultStoreFolder', () => {
  it('takes the first that is set and usable', () => {
    const fallback = `${homedir()}/.local/state/latchkey`;
    expect(defaultStoreFolder({ LATCHKEY_STORE: '/s', XDG_STATE_HOME: '/x' })).toBe('/s');
    expect(defaultStoreFolder({ LATCHKEY_STORE: '', XDG_STATE_HOME: '/x' })).toBe('/x/latchkey');
    expect(defaultStoreFolder({ XDG_STATE_HOME: 'relative' })).toBe(fallback);
    for (const HOME of [undefined, '', 'relative']) expect(defaultStoreFolder({ HOME })).toBe(fallback);
    expect(defaultStoreFolder({ HOME: '/home/ann' })).toBe('/home/ann/.local/state/latchkey');
  });
});
