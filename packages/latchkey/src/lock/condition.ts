import type { ArgumentValue } from '../core/arguments.ts';
import type { Condition } from '../core/policy.ts';
import type { When } from './options.ts';

/** A condition that asks a function. Whatever it answers but true is a no. */
export function toCondition(when: When): Condition {
  return Object.freeze<Condition>({
    source: 'a function',
    test: ({ args, principal, target }) => when({ args: toPlain(args as ArgumentValue), principal, target }) === true,
  });
}

/** Objects for maps, without a prototype, so that no name is special; numbers for integers that are exact as such. */
function toPlain(value: ArgumentValue): any {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(toPlain);
  const plain: Record<string, unknown> = Object.create(null);
  for (const [name, each] of value as ReadonlyMap<string, ArgumentValue>) plain[name] = toPlain(each);
  return plain;
}
