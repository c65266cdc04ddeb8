import type { Argument, Finding } from './finding.ts';
import { findNamed, isStandardInput, type Program, type Wrapper } from './program.ts';
import { PROGRAMS, UNKNOWN } from './programs.ts';
import { walkProgram } from './walk-program.ts';
import { isRunning, RUNNING_OPTIONS, RUNNING_WORD, TEXT_PROGRAMS, WRAPPERS } from './wrappers.ts';

const SHELL = PROGRAMS[0] as Program;

/**
 * Finds where a caller's text would be a program, or name one, in the arguments of a program, its own name first.
 * `inputFree` says whether callers choose part of what it reads from standard input.
 */
export function findProgramText(args: readonly Argument[], inputFree: boolean): readonly Finding[] {
  const [name, ...rest] = args;
  if (name === undefined) return [];
  if (name.free || isWrittenFile(name)) return [{ kind: 'name', argument: name, program: null }];
  if (name.literal === null) return findUnknown(rest, inputFree);
  const wrappers = findNamed(WRAPPERS, name.literal).flatMap((each) => toWrapping(each, rest));
  const programs = findNamed(PROGRAMS, name.literal);
  const own = name.literal;
  const isText = TEXT_PROGRAMS.has(own);
  return [
    ...programs.flatMap((each) => walkProgram(each, rest, inputFree, own)),
    ...(wrappers.length === 0 && !isText ? findNested(rest, inputFree) : []),
    ...wrappers.flatMap(({ wrapper, args: behind }) => findWrapped(wrapper, behind, inputFree)),
    ...(isText ? [] : findSettings(rest, programs)),
  ];
}

/** The arguments in which a wrapper has its options and the program that it runs; none where it runs none. */
function toWrapping(
  wrapper: Wrapper,
  args: readonly Argument[],
): readonly { readonly wrapper: Wrapper; readonly args: readonly Argument[] }[] {
  const { behind } = wrapper;
  if (behind === undefined) return [{ wrapper, args }];
  const at = args.findIndex(({ literal }) => literal !== null && behind.includes(literal));
  return at === -1 ? [] : [{ wrapper, args: args.slice(at + 1) }];
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
    return findNamed(PROGRAMS, literal).flatMap((program) =>
      findInner({ program, name: literal, before: args.slice(0, at), rest, inputFree }),
    );
  });
}

interface Inner {
  readonly program: Program;
  readonly name: string;
  readonly before: readonly Argument[];
  readonly rest: readonly Argument[];
  readonly inputFree: boolean;
}

/** The word may mean anything there, so that only what cannot be meant otherwise counts: `sh -c`, a shell at the end. */
function findInner({ program, name, before, rest, inputFree }: Inner): readonly Finding[] {
  if (program.builtin === true) return [];
  const { operands: _operands, script, optionsRun: _run, ...options } = program;
  const isRun = program.shell === true || before.some((each) => RUNNING_WORD.test(each.literal ?? ''));
  const isTold = rest.some((each) => isStandardInput(each.literal ?? ''));
  const reads = (script === true || program.query === true) && (isRun || isTold);
  return walkProgram(options, rest, inputFree && reads, name);
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
      ...(mayBeTaken(args, wrapped) ? findProgramText(skipTo({ names: [] }, wrapped.slice(1)), inputFree) : []),
    ];
  const read: Argument = { literal: null, prefix: '', free: true, dashed: true, written: false };
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
