import type { Condition } from '../core/policy.ts';
import { compileCondition } from './condition.ts';

/**
 * A condition in CEL on args, principal {id, name, kind, client, scopes} and target, for `when` of a rule. Throws a
 * TypeError for what does not compile, is no yes or no, or could run long.
 */
export function cel(source: string): Condition {
  if (typeof source !== 'string') throw new TypeError('cel: expected the text of a condition');
  const compiled = compileCondition(source);
  if (compiled.kind === 'condition') return compiled.condition;
  throw new TypeError(`cel: ${compiled.message} (at character ${compiled.offset + 1} of ${JSON.stringify(source)})`);
}
