import { createFaults } from './faults.ts';
import { readMembers, readScopes } from './read-option.ts';

/** The scopes that a rule for a route asks for. Throws a TypeError: a misspelt key would leave the route open to everybody. */
export function readRule(rule: unknown): readonly string[] {
  const faults = createFaults();
  const { scopes } = readMembers({ faults, path: '', value: rule }, ['scopes']);
  const read = readScopes({ faults, path: 'scopes', value: scopes });
  faults.throwAll('protect');
  return read;
}
