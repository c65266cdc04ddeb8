import type { Argument, Finding } from './finding.ts';
import { isStandardInput, type Program } from './program.ts';
import type { Dialect } from './reading.ts';
import { hasLetter, takeBareCluster, takeOption, type Role, type Walk } from './take-option.ts';
import { isRunning } from './wrappers.ts';

/** What a program makes of its arguments, one after the other. */
export function walkProgram(
  program: Program,
  args: readonly Argument[],
  inputFree: boolean,
  name = '',
): readonly Finding[] {
  const findings: (Finding & { readonly argument: Argument })[] = [];
  const texts: Argument[] = [];
  let behind: readonly Argument[] = [];
  const walk: Walk = { taken: 0, next: [], given: false, operands: 0, named: false, dashes: false, told: false };
  for (const argument of args) {
    const taken = takeArgument(program, walk, argument);
    const role = judgeRole(program, taken, argument);
    walk.taken += 1;
    if (role === 'end') {
      behind = args.slice(walk.taken - 1);
      break;
    }
    if (role === 'name' && isStandardInput(nameIn(argument))) walk.told = true;
    if (taken === 'text') texts.push(argument);
    const isOpen = argument.free || (role === 'name' && argument.written);
    if (role !== 'other' && isOpen) findings.push({ kind: role, argument, program });
  }
  const isHarmless = isScript(program, walk) || isIdle(program, walk, { args, findings });
  const kept = isHarmless ? findings.filter(({ kind, argument }) => kind !== 'option' || !argument.dashed) : findings;
  const walked = { program, args, texts, inputFree };
  const read = inputFree && readsInput(program, walk) ? [{ kind: 'text' as const, argument: null, program }] : [];
  return [...kept, ...read, ...findInner(walked, name), ...findRuns(walked), ...findOpened(walked, behind)];
}

/** As an option it would make a file of the script, which is then the only one: `sed p {{x}}`. */
function isScript({ operands }: Program, walk: Walk): boolean {
  return operands === 'first' && !walk.given && walk.operands === 2;
}

/** As an option it would leave the program with too little to do anything. */
function isIdle({ idle }: Program, walk: Walk, seen: Pick<Walked, 'args'> & { findings: readonly Finding[] }): boolean {
  const options = seen.findings.filter(({ kind, argument }) => kind === 'option' && argument?.dashed === true);
  if (idle === undefined || walk.operands > idle.operands || options.length !== 1) return false;
  return !seen.args.some(({ prefix }) => idle.unless?.test(prefix));
}

/** What an argument is, as far as that depends on what callers write of it. */
function judgeRole(program: Program, role: Role, argument: Argument): Exclude<Role, 'setting' | 'begins'> {
  if (role === 'setting') return judgeSetting(program, argument);
  return role === 'begins' ? (/^(?:--?[\w-]+=|-\w)?$/.test(argument.prefix) ? 'text' : 'other') : role;
}

/** A setting is program text where callers choose its name, or where that name says so. */
function judgeSetting({ running }: Program, { prefix, literal }: Argument): 'text' | 'other' {
  if (literal !== null) return 'other';
  const [, name] = /^([^=\s]+)[=\s]/.exec(prefix.replace(/^--[\w-]+=|^-\w/, '')) ?? [];
  return name === undefined || isRunningName(name, running) ? 'text' : 'other';
}

function isRunningName(name: string, running: RegExp | undefined): boolean {
  return running?.test(name) === true || isRunning(`${name}=`, '');
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

/** `perl -ne …` opens its operands as `open` of two arguments does, which runs what ends with `|`. */
function findOpened({ program, args, texts }: Walked, behind: readonly Argument[]): readonly Finding[] {
  const { opens } = program;
  if (opens === undefined) return [];
  const before = args.slice(0, args.length - behind.length);
  const isOpening =
    before.some(({ prefix }) => hasLetter(program, prefix, opens.letters)) ||
    texts.some(({ literal }) => opens.text.test(literal ?? ''));
  if (!isOpening) return [];
  return behind.filter(({ free }) => free).map((argument) => ({ kind: 'text', argument, program: opens.program }));
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
  const { shell = false, script = false, ends: end } = program;
  if (walk.next.length === 0 && end !== undefined && (walk.named || (end === 'given' && walk.given))) return 'end';
  const ends = !walk.dashes && (literal === '--' || (shell && literal === '-'));
  // For the eval and . of dash there are no options: what begins with a dash is text too.
  const mayBeOption = program.builtin !== true || literal !== null;
  const begins = /^-./.test(prefix) || (prefix === '-' && literal === null) || (shell && /^\+./.test(prefix));
  const isOption = !walk.dashes && mayBeOption && (ends || begins);
  // A shell's own options may stand between -c and the text.
  const waits = walk.next[0] === 'text' && (script || shell) && isOption && literal !== null;
  if (walk.next.length > 0 && !waits) return walk.next.shift() ?? 'other';
  if (ends) {
    walk.dashes = true;
    return 'other';
  }
  if (program.attached?.test(prefix) === true) return 'text';
  if (program.loadsAttached?.some((each) => prefix.startsWith(each)) === true) return 'name';
  if (program.plus === true && !walk.dashes && prefix.startsWith('+')) return 'text';
  if (isOption || program.options?.includes(literal ?? '') === true) return takeOption(program, walk, argument);
  return takeOperand(program, walk, argument);
}

function takeOperand(program: Program, walk: Walk, argument: Argument): Role {
  const { dashed, literal } = argument;
  const { operands, script, input, optionsRun, subcommands = [], bare } = program;
  const isSubcommand = walk.operands === 0 && subcommands.includes(literal ?? '');
  if (program.before === true && !isSubcommand) return dashed && optionsRun !== undefined ? 'option' : 'end';
  // What follows is for the program that comes that way.
  if (input === 'alone' && !walk.given && walk.operands === 0 && isStandardInput(literal ?? '')) {
    walk.told = true;
    return 'other';
  }
  // The missing suffix of `sed -i ''` is no operand, nor is the word for what a program is to do.
  if (literal === '-' || literal === '' || isSubcommand) return 'other';
  walk.operands += 1;
  walk.named ||= literal !== null;
  if (bare === true && walk.taken === 0 && literal !== null) return takeBareCluster(program, walk, literal);
  if (operands === 'all' || (operands === 'behind-first' && walk.operands > 1)) return 'text';
  if (operands === 'first' && walk.operands === 1 && !walk.given) return 'text';
  if (operands === 'begins') return 'begins';
  if (operands === 'files') return isSettled(program, argument) ? 'other' : 'name';
  if (operands === 'setting' && walk.operands === 1) return takeName(program, walk, argument);
  if (script === true && walk.operands > 1) return 'end';
  if (dashed && (optionsRun === 'always' || (optionsRun === true && !walk.dashes))) return 'option';
  if (script !== true) return 'other';
  return walk.given ? 'end' : 'name';
}

/** What callers write of it chooses no file; where such a word stands for what it may come to, it was judged as it is. */
function isSettled({ settled }: Program, { prefix, literal, free }: Argument): boolean {
  return literal === null ? settled?.test(prefix) === true : free;
}

/** `git config NAME VALUE`. */
function takeName({ running }: Program, walk: Walk, { literal }: Argument): Role {
  if (literal === null) return 'text';
  if (isRunningName(literal, running)) walk.next.push('text');
  return 'other';
}
