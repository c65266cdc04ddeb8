import { RULE_KINDS } from '../core/policy.ts';
import { findUnreachable } from '../core/rule-order.ts';
import { compileCondition } from './condition.ts';
import { isTree } from './layers.ts';
import type { Tree } from './layers.ts';
import { invalid } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Path } from './yaml-document.ts';
import { FOLD_URI } from '../core/resource-uri.ts';

type LocateRule = (path: Path, part: 'key' | 'value', offset?: number) => string;

/**
 * Finds conditions that do not compile and rules that can never judge anything, each with its line and column, in a
 * configuration as written, so that they are reported along with whatever else is wrong with it.
 */
export function checkRules(given: Tree, locate: LocateRule): Problem[] {
  const servers = isTree(given['servers']) ? Object.entries(given['servers']) : [];
  return [
    ...checkServer(given, [], locate),
    ...servers.flatMap(([name, server]) => (isTree(server) ? checkServer(server, ['servers', name], locate) : [])),
  ];
}

function checkServer(server: Tree, at: Path, locate: LocateRule): Problem[] {
  return RULE_KINDS.flatMap((kind) => {
    const rules = server[kind];
    if (!isTree(rules)) return [];
    const patterns = Object.keys(rules).map((pattern) => ({ pattern }));
    const unreachable = findUnreachable(patterns, kind, FOLD_URI).map(({ pattern, by }) => {
      const path = [...at, kind, pattern];
      return by.length === 0
        ? invalid(`${locate(path, 'key')} ${path.join('.')}`, 'this rule can never match anything', 'mend or remove it')
        : invalid(
            `${locate(path, 'key')} ${path.join('.')}`,
            `this rule can never match: ${by.join(', ')} before it takes everything`,
            'put it before the wider rule, or remove it',
          );
    });
    return [
      ...unreachable,
      ...Object.entries(rules).flatMap(([pattern, rule]) =>
        checkCondition(rule, [...at, kind, pattern, 'when'], locate),
      ),
    ];
  });
}

function checkCondition(rule: unknown, path: Path, locate: LocateRule): Problem[] {
  const source = isTree(rule) ? rule['when'] : undefined;
  const compiled = typeof source === 'string' ? compileCondition(source) : null;
  if (compiled?.kind !== 'problem') return [];
  return [invalid(`${locate(path, 'value', compiled.offset)} ${path.join('.')}`, `condition: ${compiled.message}`)];
}
