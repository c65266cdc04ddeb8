import { operandsOf } from './condition-limits.ts';
import type { AstNode } from './condition-limits.ts';

type Handle = (left: unknown, right: unknown, ...rest: unknown[]) => unknown;

/** A checked node: the library put there what works its result out from its operands. */
interface CheckedNode extends AstNode {
  handle?: Handle;
  readonly meta: { readonly alternate?: CheckedNode };
}

const COMPARISONS = new Set(['==', '!=', 'in']);

/**
 * Makes a checked condition throw where CEL would say "not equal" of two values because they are of different kinds,
 * and where `all`, `exists` or `exists_one` would walk the names of an object: else a caller who sends a list for a text
 * fulfils `args.path != "/etc/passwd"`. Throws when the library has no such place.
 */
export function requireKinds(root: AstNode): void {
  const node = root as CheckedNode;
  if (COMPARISONS.has(node.op)) replaceHandle(node, (handle) => compareWith(node, handle));
  if (node.meta.alternate?.op === 'comprehension') replaceHandle(node.meta.alternate, requireList);
  for (const operand of operandsOf(node)) requireKinds(operand);
}

function replaceHandle(node: CheckedNode, replace: (handle: Handle) => Handle): void {
  if (node.handle === undefined) throw new TypeError('this version of CEL compares otherwise');
  node.handle = replace(node.handle);
}

function requireList(handle: Handle): Handle {
  return (items, ...rest) => {
    if (!Array.isArray(items)) throw new TypeError('not a list');
    return handle(items, ...rest);
  };
}

function compareWith(node: AstNode, handle: Handle): Handle {
  const [left, right] = node.args as [AstNode, AstNode];
  if (node.op === 'in')
    return (value, all, ...rest) =>
      [value, all].flat().every(isForeign) ? handle(value, all, ...rest) : isIn(value, all, right);
  const wanted = node.op === '==';
  // Who writes null asks whether there is a value, of whatever kind.
  if (isNull(left) || isNull(right)) return (a, b) => (a === b) === wanted;
  return (a, b, ...rest) => (isForeign(a) && isForeign(b) ? handle(a, b, ...rest) : isEqual(a, b) === wanted);
}

function isNull(node: AstNode): boolean {
  return node.op === 'value' && node.args === null;
}

/** As if each were compared and the results joined by `||`: one that is equal decides, else one that throws. */
function isIn(value: unknown, all: unknown, source: AstNode): boolean {
  // Only the arguments themselves are an object for certain; a list of roles could be sent as one.
  if (all instanceof Map && source.op === 'id' && typeof value === 'string') return all.has(value);
  if (!Array.isArray(all)) throw new TypeError('not a list');
  let fault: unknown = null;
  for (const each of all) {
    try {
      if (isEqual(value, each)) return true;
    } catch (error) {
      fault ??= error;
    }
  }
  if (fault !== null) throw fault;
  return false;
}

function isEqual(a: unknown, b: unknown): boolean {
  const kind = kindOf(a);
  if (kind !== kindOf(b) || isForeign(a)) throw new TypeError('values of different kinds');
  // An integer is a bigint, and 1 is 1.0.
  if (kind === 'number') return a == b; // oxlint-disable-line eqeqeq
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((each, i) => isEqual(each, b[i]));
  if (!(a instanceof Map && b instanceof Map)) return a === b;
  return a.size === b.size && [...a].every(([key, each]) => b.has(key) && isEqual(each, b.get(key)));
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Map) return 'map';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

/** Times and types, which no argument is; the library compares them. */
function isForeign(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}
