import { describe, expect, it } from 'vitest';
import { createSeenProofs } from './seen-proofs.ts';

const MAX_AGE = 300_000;
const NOW = 1_800_000_000_000;

describe('createSeenProofs', () => {
  it('takes a jti once for each key, whatever its time', () => {
    const seen = createSeenProofs({ maxAgeMs: MAX_AGE });
    expect(seen.add({ thumbprint: 'a', jti: '1', issuedAt: NOW }, NOW)).toBe('new');
    expect(seen.add({ thumbprint: 'a', jti: '1', issuedAt: NOW }, NOW)).toBe('seen');
    expect(seen.add({ thumbprint: 'a', jti: '1', issuedAt: NOW - MAX_AGE }, NOW)).toBe('seen');
    expect(seen.add({ thumbprint: 'a', jti: '2', issuedAt: NOW }, NOW)).toBe('new');
    expect(seen.add({ thumbprint: 'b', jti: '1', issuedAt: NOW }, NOW)).toBe('new');
  });

  it('tells long ones apart', () => {
    const seen = createSeenProofs({ maxAgeMs: MAX_AGE });
    const add = (jti: string) => seen.add({ thumbprint: 'a', jti, issuedAt: NOW }, NOW);
    const long = 'x'.repeat(400);
    expect([add(`${long}1`), add(`${long}2`), add(`${long}1`)]).toEqual(['new', 'new', 'seen']);
  });

  it('remembers a proof for as long as it could be shown again, also where the clock is set back a little', () => {
    for (let start = 0; start < MAX_AGE; start += 7000) {
      for (const offset of [-MAX_AGE, 0, MAX_AGE]) {
        const seen = createSeenProofs({ maxAgeMs: MAX_AGE });
        const proof = { thumbprint: 'a', jti: '1', issuedAt: NOW + start + offset };
        seen.add(proof, NOW + start);
        const last = proof.issuedAt + MAX_AGE;
        for (let now = NOW + start; now <= last; now += 20_000)
          seen.add({ thumbprint: 'b', jti: String(now), issuedAt: now }, now);
        expect(seen.add(proof, last)).toBe('seen');
        expect(seen.add(proof, last - 10_000)).toBe('seen');
      }
    }
  });

  it('forgets what can be shown no longer', () => {
    const seen = createSeenProofs({ maxAgeMs: MAX_AGE, capacity: 1 });
    const add = (now: number) => seen.add({ thumbprint: 'a', jti: String(now), issuedAt: now }, now);
    for (let round = 0; round < 50; round += 1) expect(add(NOW + round * 2 * MAX_AGE)).toBe('new');
  });

  it('keeps nothing of a proof whose time is long over', () => {
    const seen = createSeenProofs({ maxAgeMs: MAX_AGE });
    const add = (jti: string, now: number) => seen.add({ thumbprint: 'a', jti, issuedAt: NOW }, now);
    expect(add('1', NOW)).toBe('new');
    expect(add('1', NOW + 1.9 * MAX_AGE)).toBe('seen');
    expect(add('1', NOW + 2 * MAX_AGE)).toBe('new');
  });

  it('lets who fills a span lock out nobody but itself', () => {
    const seen = createSeenProofs({ maxAgeMs: MAX_AGE, capacity: 100 });
    const add = (thumbprint: string, jti: number) => seen.add({ thumbprint, jti: String(jti), issuedAt: NOW }, NOW);
    for (let jti = 0; jti < 100; jti += 1) expect(add('greedy', jti)).toBe('new');
    expect(add('greedy', 100)).toBe('full');
    expect(add('greedy', 0)).toBe('seen');
    for (let jti = 0; jti < 30; jti += 1) expect(add('modest', jti)).toBe('new');
    expect(add('greedy', 101)).toBe('full');
  });

  it('is bounded whatever keys come', () => {
    const seen = createSeenProofs({ maxAgeMs: MAX_AGE, capacity: 100 });
    let taken = 0;
    for (let key = 0; key < 1000; key += 1)
      if (seen.add({ thumbprint: String(key), jti: '1', issuedAt: NOW }, NOW) === 'new') taken += 1;
    expect(taken).toBeGreaterThanOrEqual(100);
    expect(taken).toBeLessThanOrEqual(200);
  });
});
