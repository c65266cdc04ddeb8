import { describe, expect, it } from 'vitest';
import { createFaults } from './faults.ts';
import { readDuration, readHeldScopes } from './read-option.ts';

const faultsOf = (read: (faults: ReturnType<typeof createFaults>) => unknown): string => {
  const faults = createFaults();
  read(faults);
  try {
    faults.throwAll('x');
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('readDuration', () => {
  it('reads milliseconds, more than none', () => {
    const faults = createFaults();
    expect(readDuration({ faults, path: 'ttl', value: '1h30m' })).toBe(5_400_000);
    expect(() => faults.throwAll('x')).not.toThrow();
    for (const value of ['0s', 'long', 5, undefined])
      expect(faultsOf((found) => readDuration({ faults: found, path: 'ttl', value }))).toContain(
        'ttl: expected a duration',
      );
  });
});

describe('readHeldScopes', () => {
  it('takes every scope, which no rule can ask for', () => {
    expect(readHeldScopes({ faults: createFaults(), path: 'scopes', value: ['*', 'a'] })).toEqual(['*', 'a']);
    expect(faultsOf((faults) => readHeldScopes({ faults, path: 'scopes', value: ['a b'] }))).toContain('scopes: ');
  });
});
