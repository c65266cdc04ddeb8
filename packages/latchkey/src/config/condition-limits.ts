/** A node of the parsed condition. `args` depends on `op`: an identifier, a value, operands, or a name with operands. */
export interface AstNode {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
}

export interface Forbidden {
  readonly message: string;
  readonly offset: number;
}

type CompilePattern = (pattern: string) => string | null;

const MAX_COMPREHENSIONS = 3;
const MAX_SUMS = 8;
const MAX_LITERAL = 256;

const COMPREHENSIONS = new Set(['all', 'exists', 'exists_one']);
/** Methods whose cost is their text times their operand, so the operand must be in the source. */
const LITERAL_OPERAND = new Set(['contains', 'indexOf', 'lastIndexOf', 'matches']);
const METHODS = new Set([...COMPREHENSIONS, ...LITERAL_OPERAND, 'startsWith', 'endsWith', 'substring', 'size']);
const FUNCTIONS = new Set(['has', 'size', 'int', 'double', 'bool', 'string', 'type', 'dyn', 'timestamp']);
/** Replaced by functions of our own that are linear. */
const RENAMED = new Map([
  ['matches', 'matches_'],
  ['size', 'size_'],
]);

/**
 * Finds what would make a condition's time more than linear in the arguments, or null; renames the calls that have a
 * safe stand-in. In a comprehension only its own variable, `principal` and literals may stand: with `args` or `target`
 * there, each element could be compared with a large text.
 */
export function findForbidden(root: AstNode, compilePattern: CompilePattern): Forbidden | null {
  const found: Forbidden[] = [];
  const count = { comprehensions: 0, sums: 0 };
  const report = (node: AstNode, message: string): void => void found.push({ message, offset: node.start });

  function visit(node: AstNode, inside: boolean): void {
    if (node.op === 'id' && inside && (node.args === 'args' || node.args === 'target')) {
      report(node, `${String(node.args)} may not stand inside all(), exists() or exists_one()`);
    } else if (node.op === '+') {
      count.sums += 1;
      if (count.sums > MAX_SUMS) report(node, `more than ${MAX_SUMS} additions`);
    } else if (node.op === 'map' || node.args instanceof Uint8Array)
      report(node, 'maps and bytes may not be written here');
    else if (node.op === 'call') checkFunction(node);
    else if (node.op === 'rcall') return visitMethod(node, inside);
    for (const operand of operandsOf(node)) visit(operand, inside);
  }

  function checkFunction(node: AstNode): void {
    const call = node.args as [string, AstNode[]];
    if (FUNCTIONS.has(call[0])) call[0] = RENAMED.get(call[0]) ?? call[0];
    else report(node, `unknown function ${call[0]}()`);
  }

  function visitMethod(node: AstNode, inside: boolean): void {
    const call = node.args as [string, AstNode, AstNode[]];
    const [name, receiver, operands] = call;
    if (!METHODS.has(name)) report(node, `unknown method ${name}()`);
    if (LITERAL_OPERAND.has(name)) checkLiteral(name, operands[0] ?? node);
    const comprehension = COMPREHENSIONS.has(name);
    if (comprehension) {
      count.comprehensions += 1;
      if (inside) report(node, `${name}() may not stand inside another`);
      if (count.comprehensions > MAX_COMPREHENSIONS)
        report(node, `more than ${MAX_COMPREHENSIONS} of all(), exists(), exists_one()`);
    } else call[0] = RENAMED.get(name) ?? name;
    visit(receiver, inside);
    for (const operand of operands) visit(operand, inside || comprehension);
  }

  function checkLiteral(name: string, operand: AstNode): void {
    if (operand.op !== 'value' || typeof operand.args !== 'string')
      return report(operand, `${name}() takes a literal text`);
    if (operand.args.length > MAX_LITERAL)
      return report(operand, `the text of ${name}() is longer than ${MAX_LITERAL}`);
    const fault = name === 'matches' ? compilePattern(operand.args) : null;
    if (fault !== null) report(operand, fault);
  }

  visit(root, false);
  return found[0] ?? null;
}

/** The nodes that a node is made of. */
export function operandsOf(node: AstNode): readonly AstNode[] {
  const all = Array.isArray(node.args) ? node.args.flat() : [node.args];
  return all.filter(
    (each): each is AstNode => typeof each === 'object' && each !== null && 'op' in each && 'start' in each,
  );
}
