import type { Dialect } from './reading.ts';
import { findNamed, isStandardInput, type Program, type Wrapper } from './program.ts';
import {
  PROGRAMS,
  RUNNING_OPTION,
  RUNNING_OPTIONS,
  RUNNING_SETTING,
  RUNNING_WORD,
  TEXT_PROGRAMS,
  UNKNOWN,
  WRAPPERS,
} from './programs.ts';

/** One argument of a program, as far as it is known before a call. */
export interface Argument {
  /** Null when a value, or anything else that is expanded, is part of it. */
  readonly literal: string | null;
  /** What it begins with. */
  readonly prefix: string;
  /** Whether callers choose part of its text freely. */
  readonly free: boolean;
}

export type Finding =
  /** Callers choose which program runs. */
  | { readonly kind: 'name'; readonly argument: Argument; readonly program: Program | null }
  /** Callers write program text; a null argument is the standard input. */
  | { readonly kind: 'text'; readonly argument: Argument | null; readonly program: Program }
  /** A script that is written out there, in which callers' values may be read as more than text. */
  | InnerScript
  /** Callers could write an option that runs programs. */
  | { readonly kind: 'option'; readonly argument: Argument; readonly program: Program };

export interface InnerScript {
  readonly kind: 'script';
  readonly argument: Argument;
  readonly program: Program;
  readonly text: string;
  /** Null: as the shell reads that is given all this. */
  readonly dialect: Dialect | null;
  /** `$0`, `$1` and so on; null when they are those of the script around it. */
  readonly given: readonly Argument[] | null;
  readonly inputFree: boolean;
}

/**
 * Finds where a caller's text would be a program, or name one, in the arguments of a program, its own name first.
 * `inputFree` says whether callers choose part of what it reads from standard input.
 */
export function findProgramText(args: readonly Argument[], inputFree: boolean): readonly Finding[] {
  const [name, ...rest] = args;
  if (name === undefined) return [];
  if (name.free) return [{ kind: 'name', argument: name, program: null }];
  if (name.literal === null) return findUnknown(rest, inputFree);
  const wrapper = findNamed(WRAPPERS, name.literal);
  const program = findNamed(PROGRAMS, name.literal);
  return [
    ...(program === undefined ? [] : walkProgram(program, rest, inputFree, name.literal)),
    ...(wrapper === undefined
      ? findNested(rest, inputFree && !TEXT_PROGRAMS.has(name.literal))
      : findWrapped(wrapper, rest, inputFree)),
    ...findSettings(rest, program),
  ];
}

/** What options that name a command hold, of any program. */
function findSettings(args: readonly Argument[], known: Program | undefined): readonly Finding[] {
  return args.flatMap((argument, at): readonly Finding[] => {
    const before = args[at - 1]?.literal ?? '';
    const [option = ''] = argument.prefix.split('=', 1);
    if (!argument.free || [before, option].some((each) => known?.options?.includes(each) === true)) return [];
    const runs = RUNNING_SETTING.test(argument.prefix) || (RUNNING_OPTION.test(before) && argument.prefix[0] !== '-');
    return runs ? [{ kind: 'text', argument, program: SHELL }] : [];
  });
}

/** A program whose name is expanded may be any, and none: then the next word is its name. */
function findUnknown(args: readonly Argument[], inputFree: boolean): readonly Finding[] {
  const found = walkProgram(UNKNOWN, args, inputFree);
  return found.length > 0 ? found : findProgramText(args, inputFree);
}

/** A program that is named among the arguments of another: `docker exec web sh -c …`, `find . -exec sh …`. */
function findNested(args: readonly Argument[], inputFree: boolean): readonly Finding[] {
  return args.flatMap(({ literal }, at): readonly Finding[] => {
    if (literal === null) return [];
    const rest = args.slice(at + 1);
    if (RUNNING_OPTIONS.has(literal)) return findExecuted(args, rest);
    const program = findNamed(PROGRAMS, literal);
    if (program === undefined || program.builtin === true) return [];
    // The word may mean anything here, so that only what cannot be meant otherwise counts: `sh -c`, a shell at the end.
    const { operands: _operands, script, optionsRun: _run, ...options } = program;
    const isRun = program.shell === true || args.slice(0, at).some((each) => RUNNING_WORD.test(each.literal ?? ''));
    const isTold = rest.some((each) => isStandardInput(each.literal ?? ''));
    const reads = (script === true || program.query === true) && (isRun || isTold);
    return walkProgram(options, rest, inputFree && reads, literal);
  });
}

/** `find {{x}} -exec {} \;` runs the file that it finds. */
function findExecuted(args: readonly Argument[], [name, ...rest]: readonly Argument[]): readonly Finding[] {
  const chosen = name?.literal === '{}' ? args.find(({ free }) => free) : undefined;
  if (chosen !== undefined) return [{ kind: 'name', argument: chosen, program: null }];
  return name === undefined ? [] : findProgramText([name, ...rest], false);
}

/** What stands in the arguments of xargs for what it reads: `-I%`, `-I %`, `--replace=%`. */
function findStandIn(args: readonly Argument[]): string {
  const at = args.findIndex(({ prefix }) => /^(?:-\w*[Ii]|--replace=)/.test(prefix));
  const [, attached = ''] = /^(?:-\w*?[Ii]|--replace=)(.*)$/s.exec(args[at]?.literal ?? '') ?? [];
  return attached || (args[at]?.literal?.endsWith('I') === true && args[at + 1]?.literal) || '{}';
}

/** xargs makes arguments of what it reads. */
function findWrapped(wrapper: Wrapper, args: readonly Argument[], inputFree: boolean): readonly Finding[] {
  const wrapped = skipTo(wrapper, args);
  if (wrapped.length === 0 && inputFree && isShell(wrapper, args))
    return [{ kind: 'text', argument: null, program: SHELL }];
  if (wrapper.inputIsArguments !== true || !inputFree || wrapped.length === 0)
    return [
      ...findProgramText(wrapped, inputFree),
      ...(mayBeTaken(args, wrapped) ? findProgramText(wrapped.slice(1), inputFree) : []),
    ];
  const read: Argument = { literal: null, prefix: '', free: true };
  const standIn = findStandIn(args);
  const filled = wrapped.map((each) => {
    const at = each.literal?.indexOf(standIn) ?? -1;
    return at === -1 ? each : { ...each, literal: null, prefix: each.prefix.slice(0, at), free: true };
  });
  return (
    findProgramText(
      filled.some(({ free }, at) => free && wrapped[at]?.free === false) ? filled : [...wrapped, read],
      false,
    )
      // What is read has no place in the command; the program that reads it has.
      .map((finding) => (finding.argument === read ? { ...finding, argument: args[0] ?? read } : finding))
  );
}

/** `sudo -s`, `chroot DIR`: without a program a shell reads what comes. */
function isShell({ shell }: Wrapper, args: readonly Argument[]): boolean {
  if (shell === undefined || shell === '') return shell === '';
  return args.some(({ prefix }) => new RegExp(`^(?:-[a-zA-Z]*[${shell}]|--shell$|--login$)`).test(prefix));
}

/** Whether the word before may be the argument of an option: `sudo --user app …`. */
function mayBeTaken(args: readonly Argument[], wrapped: readonly Argument[]): boolean {
  const before = args.slice(0, args.length - wrapped.length);
  return before.some(({ literal }) => /^--\w[\w-]*$/.test(literal ?? ''));
}

/** The arguments from the name of the program on that a wrapper runs. */
function skipTo({ takes = '', attaches = '', skip = 0 }: Wrapper, args: readonly Argument[]): readonly Argument[] {
  let left = skip;
  for (let at = 0; at < args.length; at += 1) {
    const { prefix, literal } = args[at] as Argument;
    if (/^-\w+$/.test(prefix) && literal !== null) {
      const taking = Array.from(prefix.slice(1)).findIndex((letter) => (takes + attaches).includes(letter));
      if (taking === prefix.length - 2 && takes.includes(prefix.at(-1) ?? '')) at += 1;
    } else if (prefix.startsWith('-') || /^\w+=/.test(prefix)) continue;
    else if (left > 0) left -= 1;
    else return args.slice(at);
  }
  return [];
}

interface Walk {
  /** What the next arguments are: program text, the name of a program's file, or neither. */
  next: ('text' | 'name' | 'other')[];
  given: boolean;
  operands: number;
  dashes: boolean;
  /** It is told to read its program from the standard input. */
  told: boolean;
}

const SHELL = PROGRAMS[0] as Program;

type Role = 'text' | 'name' | 'option' | 'other' | 'end';

function walkProgram(program: Program, args: readonly Argument[], inputFree: boolean, name = ''): readonly Finding[] {
  const { only } = program;
  if (only !== undefined && !args.some(({ literal }) => literal === only)) return [];
  const findings: Finding[] = [];
  const texts: Argument[] = [];
  const walk: Walk = { next: [], given: false, operands: 0, dashes: false, told: false };
  for (const argument of args) {
    const role = takeArgument(program, walk, argument);
    if (role === 'end') break;
    if (role === 'name' && isStandardInput(nameIn(argument))) walk.told = true;
    if (role === 'text') texts.push(argument);
    if (role !== 'other' && argument.free) findings.push({ kind: role, argument, program });
  }
  if (inputFree && readsInput(program, walk)) findings.push({ kind: 'text', argument: null, program });
  return [...findings, ...findInner({ program, args, texts, inputFree }, name)];
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
  const isOption = !walk.dashes && (ends || /^-./.test(prefix) || (shell && /^\+./.test(prefix)));
  // A shell's own options may stand between -c and the text.
  const waits = walk.next[0] === 'text' && (script || shell) && isOption && literal !== null;
  if (walk.next.length > 0 && !waits) return walk.next.shift() ?? 'other';
  if (ends) {
    walk.dashes = true;
    return 'other';
  }
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

function takeOperand(program: Program, walk: Walk, { free, prefix, literal }: Argument): Role {
  const { operands, script, input, optionsRun, subcommand } = program;
  // What follows is for the program that comes that way.
  if (input === 'alone' && !walk.given && walk.operands === 0 && isStandardInput(literal ?? '')) {
    walk.told = true;
    return 'other';
  }
  // The missing suffix of `sed -i ''` is no operand, nor is the word for what a program is to do.
  if (literal === '-' || literal === '' || (literal === subcommand && walk.operands === 0)) return 'other';
  walk.operands += 1;
  if (operands === 'all' || (operands === 'behind-first' && walk.operands > 1)) return 'text';
  if (operands === 'first') return walk.operands === 1 && !walk.given ? 'text' : 'other';
  if (optionsRun === true && free && prefix === '' && !walk.dashes) return 'option';
  if (script !== true) return 'other';
  return walk.given || walk.operands > 1 ? 'end' : 'name';
}
