import type { Argument } from './finding.ts';
import type { Program } from './program.ts';

/** What an argument is to a program. */
export type Role = 'text' | 'name' | 'setting' | 'begins' | 'option' | 'other' | 'end';

/** How far the arguments of a program have been read. */
export interface Walk {
  /** How many arguments came before. */
  taken: number;
  /** What the next arguments are: program text, such text if callers begin it, a program's file, a setting, or none. */
  next: ('text' | 'name' | 'setting' | 'begins' | 'other')[];
  given: boolean;
  operands: number;
  /** The first operand is written out, so that it is one. */
  named: boolean;
  dashes: boolean;
  /** It is told to read its program from the standard input. */
  told: boolean;
}

/** What an option, or its attached argument, is; what the arguments behind it are is noted. */
export function takeOption(program: Program, walk: Walk, argument: Argument): Role {
  const { prefix, literal } = argument;
  if (literal === null && isOpenName(program, prefix)) return 'option';
  const [name = ''] = prefix.split('=', 1);
  const attached = prefix.length > name.length || literal === null;
  const role = roleOfOption(program, name);
  if (role !== null) {
    if (role.gives) walk.given = true;
    if (!attached) walk.next.push(role.kind);
    return attached ? role.kind : 'other';
  }
  if (program.takesTwo?.includes(name) === true) walk.next.push('other', 'other');
  else if (program.takesOptions?.includes(name) === true && !attached) walk.next.unshift('other');
  else if (program.shell === true && /^[-+][^-]/.test(prefix))
    return takeShellCluster(program, walk, prefix, literal !== null);
  else if (/^-[^-]/.test(prefix)) return takeCluster(program, walk, prefix, literal !== null);
  return 'other';
}

/** `tar czf FILE`: each letter that takes an argument takes the next one. */
export function takeBareCluster(program: Program, walk: Walk, cluster: string): Role {
  walk.next.push(...Array.from(cluster).flatMap((letter) => roleOf(program, letter) ?? []));
  return 'other';
}

type Taken = 'text' | 'name' | 'setting' | 'begins';

function roleOfOption(program: Program, name: string): { readonly kind: Taken; readonly gives: boolean } | null {
  const { options, fileOptions, loadsOptions, settingsOptions, beginsOptions, takesOptions } = program;
  if (takesOptions?.includes(name) === true) return null;
  if (isNamed(options, name)) return { kind: 'text', gives: true };
  if (isNamed(fileOptions, name)) return { kind: 'name', gives: true };
  if (isNamed(loadsOptions, name)) return { kind: 'name', gives: false };
  if (isNamed(settingsOptions, name)) return { kind: 'setting', gives: false };
  return isNamed(beginsOptions, name) ? { kind: 'begins', gives: false } : null;
}

/** Long options may be cut short: `--to-com=`. */
function isNamed(options: readonly string[] | undefined, name: string): boolean {
  const isLong = /^--\w/.test(name);
  return options?.some((each) => each === name || (isLong && each.startsWith(name))) === true;
}

/** Callers write the rest of the name of an option, or letters behind others: `--{{x}}`, `sed -n{{x}}`. */
function isOpenName(program: Program, prefix: string): boolean {
  const { options = [], fileOptions = [], loadsOptions = [], loadsAttached = [] } = program;
  const { settingsOptions = [], beginsOptions = [] } = program;
  const long = [...options, ...fileOptions, ...loadsOptions, ...loadsAttached, ...settingsOptions, ...beginsOptions];
  if (long.some((each) => each.startsWith(prefix) && each !== prefix)) return true;
  const { letters = '', file = '', loads = '', settings = '', stop = '' } = program;
  const isCluster = /^-\w*$/.test(prefix) && program.shell !== true && !long.some((each) => /^-\w\w/.test(each));
  if (letters + file + loads + settings === '') return false;
  return isCluster && Array.from(prefix.slice(1)).every((each) => each !== stop && roleOf(program, each) === null);
}

function takeCluster(program: Program, walk: Walk, prefix: string, whole: boolean): Role {
  for (let at = 1; at < prefix.length; at += 1) {
    const letter = prefix[at] ?? '';
    if (letter === program.stop) return 'other';
    const role = roleOf(program, letter);
    if (role === null) continue;
    const gives = role === 'text' || (role === 'name' && program.loads?.includes(letter) !== true);
    if (gives) walk.given = true;
    // `node -pe`: the second letter takes the text.
    const isCluster = role === 'text' && whole && at === prefix.length - 2;
    if (isCluster && roleOf(program, prefix.at(-1) ?? '') === 'text') continue;
    if (at < prefix.length - 1 || !whole) return role;
    walk.next.push(role);
    return 'other';
  }
  return 'other';
}

/** Whether one of some letters stands in a cluster, before a letter that takes the rest of it. */
export function hasLetter(program: Program, prefix: string, letters: string): boolean {
  if (!/^-[^-]/.test(prefix)) return false;
  const cluster = Array.from(prefix.slice(1));
  const end = cluster.findIndex((each) => each === program.stop || roleOf(program, each) !== null);
  return cluster.slice(0, end === -1 ? cluster.length : end + 1).some((each) => letters.includes(each));
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
  { letters = '', file = '', loads = '', settings = '', takes = '' }: Program,
  letter: string,
): Taken | 'other' | null {
  if (letters.includes(letter)) return 'text';
  if (file.includes(letter) || loads.includes(letter)) return 'name';
  if (settings.includes(letter)) return 'setting';
  return takes.includes(letter) ? 'other' : null;
}
