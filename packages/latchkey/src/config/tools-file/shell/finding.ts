import type { Program } from './program.ts';
import type { Dialect } from './reading.ts';

/** One argument of a program, as far as it is known before a call. */
export interface Argument {
  /** Null when a value, or anything else that is expanded, is part of it. */
  readonly literal: string | null;
  /** What it begins with. */
  readonly prefix: string;
  /** Whether callers choose part of its text freely. */
  readonly free: boolean;
  /** Whether callers may begin it with `-`. */
  readonly dashed: boolean;
  /** Whether it names a file into which the script writes what callers choose freely. */
  readonly written: boolean;
}

export type Finding =
  /** Callers choose which program runs. */
  | { readonly kind: 'name'; readonly argument: Argument; readonly program: Program | null }
  /** Callers write program text; a null argument is the standard input. */
  | { readonly kind: 'text'; readonly argument: Argument | null; readonly program: Program }
  /** A script that is written out there, in which callers' values may be read as more than text. */
  | InnerScript
  /** Program text that is written out there runs programs itself, and is given what callers write. */
  | { readonly kind: 'runs'; readonly argument: Argument; readonly program: Program }
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
