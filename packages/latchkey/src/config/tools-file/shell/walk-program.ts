import type { Argument, Finding } from './finding.ts';
import { isStandardInput, type Program } from './program.ts';
import type { Dialect } from './reading.ts';

interface Walk {
  /** How many arguments came before. */
  taken: number;
  /** What the next arguments are: program text, the name of a program's file, or neither. */
  next: ('text' | 'name' | 'other')[];
  given: boolean;
  operands: number;
  dashes: boolean;
  /** It is told to read its program from the standard input. */
  told: boolean;
}

type Role = 'text' | 'name' | 'option' | 'other' | 'end';

/** What a program makes of its arguments, one after the other. */
export function walkProgram(
  program: Program,
  args: readonly Argument[],
  inputFree: boolean,
  name = '',
): readonly Finding[] {
  const { only } = program;
  if (only !== undefined && !args.some(({ literal }) => only.includes(literal ?? ''))) return [];
  const findings: Finding[] = [];
  const texts: Argument[] = [];
  const walk: Walk = { taken: 0, next: [], given: false, operands: 0, dashes: false, told: false };
  for (const argument of args) {
    const role = takeArgument(program, walk, argument);
    walk.taken += 1;
    if (role === 'end') break;
    if (role === 'name' && isStandardInput(nameIn(argument))) walk.told = true;
    if (role === 'text') texts.push(argument);
    const isOpen = argument.free || (role === 'name' && argument.written);
    if (role !== 'other' && isOpen) findings.push({ kind: role, argument, program });
  }
  // As an option it would make a file of the script, which is then the only one: `sed p {{x}}`.
  const isHarmless = program.operands === 'first' && !walk.given && walk.operands === 2;
  if (inputFree && readsInput(program, walk)) findings.push({ kind: 'text', argument: null, program });
  const kept = isHarmless ? findings.filter(({ kind }) => kind !== 'option') : findings;
  const walked = { program, args, texts, inputFree };
  return [...kept, ...findInner(walked, name), ...findRuns(walked)];
}

interface Walked {
  readonly program: Program;
  readonly args: readonly Argument[];
  readonly texts: readonly Argument[];
  readonly inputFree: boolean;
}

/** A script for a shell that stands there as it is, and what it is called with. */
function findInner({ program, args, texts, inputFree }: Walked, name: string): readonly Finding[] {
  const [argument] = texts;
  const dialect = program.shell === true ? (DIALECTS.get(name.slice(name.lastIndexOf('/') + 1)) ?? null) : null;
  const isRead = program.shellText === true && (program.shell !== true || dialect !== null);
  if (!isRead || argument === undefined || texts.some(({ literal }) => literal === null)) return [];
  const text = texts.map(({ literal }) => literal ?? '').join(' ');
  const given = program.builtin === true ? null : program.shell === true ? args.slice(args.indexOf(argument) + 1) : [];
  return [{ kind: 'script', argument, program, text, dialect, given, inputFree }];
}

/** Whether a value is part of what it runs cannot be told. */
function findRuns({ program, args, texts, inputFree }: Walked): readonly Finding[] {
  const argument = texts.find(({ literal }) => program.runs?.test(literal ?? '') === true);
  const isGiven = inputFree || args.some(({ free, written }) => free || written);
  return argument !== undefined && isGiven ? [{ kind: 'runs', argument, program }] : [];
}

const DIALECTS: ReadonlyMap<string, Dialect> = new Map([
  ['sh', 'sh'],
  ['bash', 'bash'],
  ['dash', 'dash'],
  ['ash', 'dash'],
  ['zsh', 'zsh'],
  ['ksh', 'ksh'],
  ['mksh', 'ksh'],
]);

/** The name that an option gives, or an operand: `-f-`, `-f /dev/stdin`. */
function nameIn({ literal }: Argument): string {
  return literal?.replace(/^-\w(?=.)|^--[\w-]+=/, '') ?? '';
}

function readsInput({ input, operands, query }: Program, walk: Walk): boolean {
  if (walk.told || input === 'always') return true;
  if (input === undefined || walk.given) return false;
  if (input === 'ungiven' || query === true) return true;
  return walk.operands < (operands === 'behind-first' ? 2 : 1);
}

function takeArgument(program: Program, walk: Walk, argument: Argument): Role {
  const { prefix, literal } = argument;
  const { shell = false, script = false } = program;
  const ends = !walk.dashes && (literal === '--' || (shell && literal === '-'));
  // For the eval and . of dash there are no options: what begins with a dash is text too.
  const mayBeOption = program.builtin !== true || literal !== null;
  const isOption = !walk.dashes && mayBeOption && (ends || /^-./.test(prefix) || (shell && /^\+./.test(prefix)));
  // A shell's own options may stand between -c and the text.
  const waits = walk.next[0] === 'text' && (script || shell) && isOption && literal !== null;
  if (walk.next.length > 0 && !waits) return walk.next.shift() ?? 'other';
  if (ends) {
    walk.dashes = true;
    return 'other';
  }
  if (program.plus === true && !walk.dashes && prefix.startsWith('+')) return 'text';
  if (isOption || program.options?.includes(literal ?? '') === true) return takeOption(program, walk, argument);
  return takeOperand(program, walk, argument);
}

function takeOption(program: Program, walk: Walk, { prefix, literal }: Argument): Role {
  const [name = ''] = prefix.split('=', 1);
  const attached = prefix.length > name.length || literal === null;
  if (program.options?.includes(name) === true) {
    walk.given = true;
    if (!attached) walk.next.push('text');
    return attached ? 'text' : 'other';
  }
  if (program.loadsOptions?.includes(name) === true) {
    if (!attached) walk.next.push('name');
    return attached ? 'name' : 'other';
  }
  if (program.takesTwo?.includes(name) === true) walk.next.push('other', 'other');
  else if (program.takesOptions?.includes(name) === true && !attached) walk.next.unshift('other');
  else if (program.shell === true && /^[-+][^-]/.test(prefix))
    return takeShellCluster(program, walk, prefix, literal !== null);
  else if (/^-[^-]/.test(prefix)) return takeCluster(program, walk, prefix, literal !== null);
  return 'other';
}

function takeCluster(program: Program, walk: Walk, prefix: string, whole: boolean): Role {
  for (let at = 1; at < prefix.length; at += 1) {
    const letter = prefix[at] ?? '';
    if (letter === program.stop) return 'other';
    const role = roleOf(program, letter);
    if (role === null) continue;
    if (role !== 'other' && program.loads?.includes(letter) !== true) walk.given = true;
    // `node -pe`: the second letter takes the text.
    const isCluster = role === 'text' && whole && at === prefix.length - 2;
    if (isCluster && roleOf(program, prefix.at(-1) ?? '') === 'text') continue;
    if (at < prefix.length - 1 || !whole) return role;
    walk.next.push(role);
    return 'other';
  }
  return 'other';
}

/**
 * In a shell each letter that takes an argument takes the next one, whatever letters follow (`-oc errexit TEXT`); some take
 * what is behind the letter, so that the next one may name a file.
 */
function takeShellCluster({ letters = '', takes = '' }: Program, walk: Walk, prefix: string, whole: boolean): Role {
  const cluster = Array.from(prefix.slice(1));
  if (prefix.startsWith('-') && cluster.includes('s')) walk.told = true;
  walk.next.unshift(...cluster.filter((letter) => takes.includes(letter)).map(() => 'name' as const));
  if (!cluster.some((letter) => letters.includes(letter))) return 'other';
  walk.given = true;
  if (!walk.next.includes('text')) walk.next.push('text');
  return whole ? 'other' : 'text';
}

function roleOf(
  { letters = '', file = '', loads = '', takes = '' }: Program,
  letter: string,
): 'text' | 'name' | 'other' | null {
  if (letters.includes(letter)) return 'text';
  if (file.includes(letter) || loads.includes(letter)) return 'name';
  return takes.includes(letter) ? 'other' : null;
}

/** `tar czf FILE`: each letter that takes an argument takes the next one. */
function takeBareCluster(program: Program, walk: Walk, cluster: string): Role {
  walk.next.push(...Array.from(cluster).flatMap((letter) => roleOf(program, letter) ?? []));
  return 'other';
}

function takeOperand(program: Program, walk: Walk, argument: Argument): Role {
  const { dashed, literal } = argument;
  const { operands, script, input, optionsRun, subcommand, bare } = program;
  // What follows is for the program that comes that way.
  if (input === 'alone' && !walk.given && walk.operands === 0 && isStandardInput(literal ?? '')) {
    walk.told = true;
    return 'other';
  }
  // The missing suffix of `sed -i ''` is no operand, nor is the word for what a program is to do.
  if (literal === '-' || literal === '' || (literal === subcommand && walk.operands === 0)) return 'other';
  walk.operands += 1;
  if (bare === true && walk.taken === 0 && literal !== null) return takeBareCluster(program, walk, literal);
  if (operands === 'all' || (operands === 'behind-first' && walk.operands > 1)) return 'text';
  if (operands === 'first' && walk.operands === 1 && !walk.given) return 'text';
  if (script === true && walk.operands > 1) return 'end';
  if (dashed && (optionsRun === 'always' || (optionsRun === true && !walk.dashes))) return 'option';
  if (script !== true) return 'other';
  return walk.given ? 'end' : 'name';
}
