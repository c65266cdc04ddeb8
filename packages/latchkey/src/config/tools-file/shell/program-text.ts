import { findCommand } from './find-command.ts';
import type { Argument, Finding } from './finding.ts';
import { findNamed, isStandardInput, nameScript, type Program, type Wrapper } from './program.ts';
import { PROGRAMS, UNKNOWN } from './programs.ts';
import { walkProgram } from './walk-program.ts';
import { isRunning, RUNNING_OPTIONS, RUNNING_WORD, TEXT_PROGRAMS, WRAPPERS } from './wrappers.ts';

const SHELL = PROGRAMS[0] as Program;

/** What a program may read from standard input. */
export interface Input {
  /** Callers choose part of it. */
  readonly free: boolean;
  /** It may name files that values are written into. */
  readonly lists: boolean;
}

export const NO_INPUT: Input = { free: false, lists: false };

/**
 * Finds where a caller's text would be a program, or name one, in the arguments of a program, its own name first.
 */
export function findProgramText(args: readonly Argument[], input: Input): readonly Finding[] {
  const [name, ...rest] = args;
  if (name === undefined) return [];
  if (name.free || isWrittenFile(name)) return [{ kind: 'name', argument: name, program: null }];
  if (name.literal === null) return findUnknown(rest, input);
  const wrappers = findNamed(WRAPPERS, name.literal).flatMap((each) => toWrapping(each, rest));
  const programs = findNamed(PROGRAMS, name.literal).filter((each) => isAsked(each, rest));
  const own = name.literal;
  const isText = TEXT_PROGRAMS.has(own);
  return [
    ...programs.flatMap((each) => walkProgram(each, rest, input.free, own)),
    ...(programs.some(({ script, shell }) => script === true && shell !== true) ? findScript(rest, input) : []),
    ...(wrappers.length === 0 && !isText ? findNested(rest, input) : []),
    ...wrappers.flatMap(({ wrapper, args: behind }) => findWrapped(wrapper, behind, input)),
    ...(isText ? [] : findSettings(rest, programs)),
  ];
}

/** A program that is the script of another: `php vendor/bin/phpunit …`, `node node_modules/jest/bin/jest.js …`. */
function findScript(args: readonly Argument[], input: Input): readonly Finding[] {
  const names = args.map(({ literal }) => nameScript(literal ?? ''));
  const mayBeTaken = (at: number): boolean => args[at - 1]?.prefix.startsWith('-') === true && names[at]?.length === 0;
  const at = args.findIndex(({ prefix }, place) => !prefix.startsWith('-') && !mayBeTaken(place));
  const [script, ...rest] = args.slice(at === -1 ? args.length : at);
  if (script === undefined) return [];
  return (names[at] ?? []).flatMap((name) =>
    findProgramText([{ ...script, literal: name, prefix: name }, ...rest], input),
  );
}

/** The arguments in which a wrapper has its options and the program that it runs; none where it runs none. */
function toWrapping(
  wrapper: Wrapper,
  args: readonly Argument[],
): readonly { readonly wrapper: Wrapper; readonly args: readonly Argument[] }[] {
  const { behind, dashes, named } = wrapper;
  const at = behind === undefined ? 0 : findCommand(args, behind);
  if (at !== -1 && named === true) {
    const [program, ...rest] = args.slice(at - 1);
    // That -- ends the options of the wrapper, not those of the program.
    return [{ wrapper, args: [program as Argument, ...rest.slice(rest[0]?.literal === '--' ? 1 : 0)] }];
  }
  if (at === -1 || dashes !== true) return at === -1 ? [] : [{ wrapper, args: args.slice(at) }];
  const dash = args.findIndex(({ literal }, place) => place >= at && literal === '--');
  return dash === -1 ? [] : [{ wrapper, args: args.slice(dash) }];
}

/** Whether a program is called with the command that its entry is about. */
function isAsked({ only, unless = [] }: Program, args: readonly Argument[]): boolean {
  return (
    (only === undefined || findCommand(args, only) !== -1) &&
    !args.some(({ literal }) => unless.includes(literal ?? ''))
  );
}

/** A name without a folder is looked for elsewhere. */
function isWrittenFile({ written, literal }: Argument): boolean {
  return written && literal?.includes('/') !== false;
}

/** What options that name a command hold, of any program. */
function findSettings(args: readonly Argument[], known: readonly Program[]): readonly Finding[] {
  return args.flatMap((argument, at): readonly Finding[] => {
    const before = args[at - 1]?.literal ?? '';
    const [option = ''] = argument.prefix.split('=', 1);
    if (!argument.free || [before, option].some((each) => isOwn(known, each))) return [];
    return isRunning(argument.prefix, before) ? [{ kind: 'text', argument, program: SHELL }] : [];
  });
}

function isOwn(programs: readonly Program[], option: string): boolean {
  return programs.some(({ options }) => options?.includes(option) === true);
}

/** A program whose name is expanded may be any, and none: then the next word is its name. */
function findUnknown(args: readonly Argument[], input: Input): readonly Finding[] {
  const found = walkProgram(UNKNOWN, args, input.free);
  return found.length > 0 ? found : findProgramText(args, input);
}

/** A program that is named among the arguments of another: `docker exec web sh -c …`, `find . -exec sh …`. */
function findNested(args: readonly Argument[], input: Input): readonly Finding[] {
  return args.flatMap(({ literal }, at): readonly Finding[] => {
    if (literal === null) return [];
    const rest = args.slice(at + 1);
    if (RUNNING_OPTIONS.has(literal)) return findExecuted(args, rest);
    return findNamed(PROGRAMS, literal).flatMap((program) =>
      isAsked(program, rest) ? findInner({ program, name: literal, before: args.slice(0, at), rest, input }) : [],
    );
  });
}

interface Inner {
  readonly program: Program;
  readonly name: string;
  readonly before: readonly Argument[];
  readonly rest: readonly Argument[];
  readonly input: Input;
}

/** The word may mean anything there, so that only what cannot be meant otherwise counts: `sh -c`, a shell at the end. */
function findInner({ program, name, before, rest, input }: Inner): readonly Finding[] {
  if (program.builtin === true || program.common === true) return [];
  const { operands: _operands, script, optionsRun: _run, ...options } = program;
  const isRun = program.shell === true || before.some((each) => RUNNING_WORD.test(each.literal ?? ''));
  const isTold = rest.some((each) => isStandardInput(each.literal ?? ''));
  const reads = (script === true || program.query === true) && (isRun || isTold);
  return walkProgram(options, rest, input.free && reads, name);
}

/** `find {{x}} -exec {} \;` runs the file that it finds. */
function findExecuted(args: readonly Argument[], [name, ...rest]: readonly Argument[]): readonly Finding[] {
  const chosen = name?.literal === '{}' ? args.find(({ free }) => free) : undefined;
  if (chosen !== undefined) return [{ kind: 'name', argument: chosen, program: null }];
  if (name?.literal === '{}' && name.written) return [{ kind: 'name', argument: name, program: null }];
  return name === undefined ? [] : findProgramText([name, ...rest], NO_INPUT);
}

/** What stands in the arguments of xargs for what it reads: `-I%`, `-I %`, `--replace=%`. */
function findStandIn(args: readonly Argument[]): string {
  const at = args.findIndex(({ prefix }) => /^(?:-\w*[Ii]|--replace=)/.test(prefix));
  const [, attached = ''] = /^(?:-\w*?[Ii]|--replace=)(.*)$/s.exec(args[at]?.literal ?? '') ?? [];
  return attached || (args[at]?.literal?.endsWith('I') === true && args[at + 1]?.literal) || '{}';
}

/** xargs makes arguments of what it reads. */
function findWrapped(wrapper: Wrapper, args: readonly Argument[], input: Input): readonly Finding[] {
  const { wrapped, skipped } = skipTo(wrapper, args);
  const chosen = wrapper.chooses === true ? skipped.find(({ free }) => free) : undefined;
  if (chosen !== undefined) return [{ kind: 'name', argument: chosen, program: null }];
  const entry = findEntry(wrapper, args);
  if (entry !== null && skipped.length > 0)
    return findProgramText([entry, ...args.slice(args.indexOf(skipped.at(-1) ?? entry) + 1)], input);
  if (wrapped.length === 0 && input.free && isShell(wrapper, args))
    return [{ kind: 'text', argument: null, program: SHELL }];
  if (wrapper.inputIsArguments !== true || !(input.free || input.lists) || wrapped.length === 0)
    return [wrapped, ...findOthers(wrapper, args, wrapped)].flatMap((each) => findProgramText(each, input));
  const read: Argument = { literal: null, prefix: '', free: input.free, dashed: input.free, written: input.lists };
  const standIn = findStandIn(args);
  const filled = wrapped.map((each) => {
    const at = each.literal?.indexOf(standIn) ?? -1;
    return at === -1 ? each : { ...each, ...read, prefix: each.prefix.slice(0, at) };
  });
  return (
    findProgramText(filled.some((each, at) => each !== wrapped[at]) ? filled : [...wrapped, read], NO_INPUT)
      // What is read has no place in the command; the program that reads it has.
      .map((finding) => (finding.argument === read ? { ...finding, argument: args[0] ?? read } : finding))
  );
}

/** `sudo -s`, `chroot DIR`: without a program a shell reads what comes. */
function isShell({ shell }: Wrapper, args: readonly Argument[]): boolean {
  if (shell === undefined || shell === '') return shell === '';
  return args.some(({ prefix }) => new RegExp(`^(?:-[a-zA-Z]*[${shell}]|--shell$|--login$)`).test(prefix));
}

/** `docker run --entrypoint sh image -c …` */
function findEntry({ entry }: Wrapper, args: readonly Argument[]): Argument | null {
  if (entry === undefined) return null;
  const at = args.findIndex(({ prefix }) => prefix === entry || prefix.startsWith(`${entry}=`));
  const { prefix = '', literal = null } = args[at] ?? {};
  const found = prefix === entry ? args[at + 1] : args[at];
  if (found === undefined || literal === null) return null;
  const name = found.literal?.replace(`${entry}=`, '') ?? null;
  return { ...found, literal: name, prefix: name ?? '' };
}

/** What the program may be where words may be arguments of options: `setpriv --reuid 1 --regid 1 …`. */
function findOthers({ flags }: Wrapper, args: readonly Argument[], wrapped: readonly Argument[]): Argument[][] {
  const others: Argument[][] = [];
  if (flags !== undefined) return others;
  let last = wrapped;
  while (last.length > 0 && countLong(args, last) > others.length) {
    last = skipTo({ names: [] }, last.slice(1)).wrapped;
    others.push([...last]);
  }
  return others;
}

function countLong(args: readonly Argument[], wrapped: readonly Argument[]): number {
  const before = args.slice(0, args.length - wrapped.length);
  return before.filter(({ literal }) => /^--\w[\w-]*$/.test(literal ?? '')).length;
}

/** The arguments from the name of the program on that a wrapper runs, and the operands before it. */
function skipTo(
  wrapper: Wrapper,
  args: readonly Argument[],
): { readonly wrapped: readonly Argument[]; readonly skipped: readonly Argument[] } {
  const { takes = '', attaches = '', skip = 0 } = wrapper;
  const skipped: Argument[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at] as Argument;
    const { prefix, literal } = argument;
    if (isTakingMore(wrapper, literal)) at += countTaken(wrapper, literal ?? '');
    else if (/^-\w+$/.test(prefix) && literal !== null) {
      const taking = Array.from(prefix.slice(1)).findIndex((letter) => (takes + attaches).includes(letter));
      if (taking === prefix.length - 2 && takes.includes(prefix.at(-1) ?? '')) at += 1;
    } else if (/^--\w[^=]*$/.test(literal ?? '')) at += countTaken(wrapper, literal ?? '');
    else if (prefix.startsWith('-') || /^\w+=/.test(prefix)) continue;
    else if (skipped.length < skip) skipped.push(argument);
    else return { wrapped: args.slice(at), skipped };
  }
  return { wrapped: [], skipped };
}

/** `nomad alloc exec -task web …`: a long option behind a single dash. */
function isTakingMore({ takesMore = {} }: Wrapper, literal: string | null): boolean {
  return Object.values(takesMore).some((options) => options.includes(literal ?? ''));
}

/** How many arguments a long option of a wrapper takes, as far as that is known. */
function countTaken({ flags, takesMore = {} }: Wrapper, option: string): number {
  const [count] = Object.entries(takesMore).find(([, options]) => options.includes(option)) ?? [];
  return count === undefined ? Number(flags !== 'all' && flags?.includes(option) === false) : Number(count);
}
