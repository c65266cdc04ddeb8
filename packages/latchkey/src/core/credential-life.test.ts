import { describe, expect, it } from 'vitest';
import { isExpired, isLive } from './credential-life.ts';

describe('isExpired', () => {
  it('holds from the very millisecond', () => {
    expect([999, 1000, 1001].map((now) => isExpired({ expiresAt: 1000 }, now))).toEqual([false, true, true]);
    expect(isExpired({ expiresAt: null }, Number.MAX_SAFE_INTEGER)).toBe(false);
  });
});

describe('isLive', () => {
  it('holds for what is neither revoked, whenever that was, nor expired', () => {
    expect(isLive({ expiresAt: null, revokedAt: null }, 1000)).toBe(true);
    expect(isLive({ expiresAt: 1000, revokedAt: null }, 1000)).toBe(false);
    expect(isLive({ expiresAt: null, revokedAt: 2000 }, 1000)).toBe(false);
  });
});
