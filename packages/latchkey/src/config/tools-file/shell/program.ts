/** What to write instead, of many. */
export const AS_ARGUMENT = 'pass it as an argument: script: {command, args}';

/** What a program takes for text of its own language, so that a value there would be a program. */
export interface Program {
  readonly names: readonly string[];
  /** What that text is, for people. */
  readonly language: string;
  /** Letters of options whose argument is such text (`-c`), alone or at the end of a cluster. */
  readonly letters?: string;
  /** Other options whose argument is such text (`--eval`, `-cmd`). */
  readonly options?: readonly string[];
  /** Letters and options whose argument is something else. */
  readonly takes?: string;
  readonly takesOptions?: readonly string[];
  /** Options with two such arguments. */
  readonly takesTwo?: readonly string[];
  /** Letters of options whose argument names a file or module with the program. */
  readonly file?: string;
  /** Letters and options whose argument names what is loaded before the program. */
  readonly loads?: string;
  readonly loadsOptions?: readonly string[];
  /** A letter after which the rest of the cluster is no more letters (`sed -i.bak`). */
  readonly stop?: string;
  /** Operands that are such text: all, the first unless an option gave it, or those behind the first. */
  readonly operands?: 'all' | 'first' | 'behind-first';
  /** A shell of this one's kind, or the shell itself, reads that text. */
  readonly shellText?: boolean;
  /** That shell runs on another machine, without the variables of this one. */
  readonly remote?: boolean;
  /** A shell: options may begin with `+`, `-` alone ends them, and the text of `-c` comes behind them all. */
  readonly shell?: boolean;
  /** The first operand is the file of the program to run. */
  readonly script?: boolean;
  /** It reads such text from its standard input: where it has no operand either, where no option gave it any, or always. */
  readonly input?: 'alone' | 'ungiven' | 'always';
  /** It takes such text only where one of these words is among its arguments. */
  readonly only?: readonly string[];
  /** A first operand before its own: `deno run FILE`. */
  readonly subcommand?: string;
  /** What begins with `+` is such text: `vim +q`. */
  readonly plus?: boolean;
  /** Its first argument may be a cluster of letters without a dash: `tar xf`. */
  readonly bare?: boolean;
  /** Part of the shell, so that it is none when other programs are given its name. */
  readonly builtin?: boolean;
  /** Some of its options run programs, so that no operand may be read as one, wherever it stands, or even behind `--`. */
  readonly optionsRun?: true | 'always';
  /** How such text runs other programs, or evaluates text. */
  readonly runs?: RegExp;
  /** Whole texts of it are what callers may be meant to write: SQL. */
  readonly query?: boolean;
  /** What to write instead. */
  readonly instead: string;
}

/** A program that runs the program named in its operands. */
export interface Wrapper {
  readonly names: readonly string[];
  readonly takes?: string;
  /** It does so only behind one of these words: `docker exec`. */
  readonly behind?: readonly string[];
  /** Operands before that name. */
  readonly skip?: number;
  /** Letters of options whose argument is attached or missing. */
  readonly attaches?: string;
  /** Letters of options with which it runs a shell where it is given no program; empty when it always does. */
  readonly shell?: string;
  /** What it reads from standard input are arguments of that program. */
  readonly inputIsArguments?: boolean;
}

/** Whether a word names what is read from standard input, or from another descriptor. */
export function isStandardInput(word: string): boolean {
  return word === '-' || /(?:^|\/)(?:stdin|fd\/\d+)$/.test(word);
}

/** What stands of a program in a table: a word names it by the last part of its path, with or without a version. */
export function findNamed<Entry extends { readonly names: readonly string[] }>(
  entries: readonly Entry[],
  word: string,
): readonly Entry[] {
  const base = word.slice(word.lastIndexOf('/') + 1);
  const bare = base.replace(/(?<=[a-z])[\d.]+$/i, '');
  return entries.filter(({ names }) => names.includes(base) || (bare !== '' && names.includes(bare)));
}
