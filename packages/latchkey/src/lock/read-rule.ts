import { expectMost } from './expect-use.ts';
import { createFaults } from './faults.ts';
import { readMembers, readScopes } from './read-option.ts';

/**
 * The scopes that a rule for a route asks for, of what `protect` was called with. Throws a TypeError: a misspelt key would
 * leave the route open to everybody.
 */
export function readRule(...given: readonly unknown[]): readonly string[] {
  expectMost(given, 1, 'protect');
  const faults = createFaults();
  const { scopes } = readMembers({ faults, path: '', value: given[0] }, ['scopes']);
  const read = readScopes({ faults, path: 'scopes', value: scopes });
  faults.throwAll('protect');
  return read;
}
