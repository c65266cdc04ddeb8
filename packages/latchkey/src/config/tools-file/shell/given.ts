import type { Parameter } from '../../../core/declared-tool.ts';
import type { Written } from './files.ts';
import type { Argument } from './finding.ts';

/** What a script is called with by the one around it. */
export interface Given {
  readonly held: ReadonlyMap<string, Iterable<Parameter>>;
  /** `$0`, `$1` and so on, with the values in each; what is read there again and again is `more`. */
  readonly args: readonly (readonly Parameter[])[];
  readonly more: readonly Parameter[];
  readonly input: readonly Parameter[];
  /** What `"$@"` comes to, as far as it is known. */
  readonly words: readonly Argument[];
  /** Files that hold values. */
  readonly written: readonly Written[];
  /** Where relative paths begin. */
  readonly directory: string;
}

/** A script that no other one calls. */
export const NOTHING: Given = { held: new Map(), args: [], more: [], input: [], words: [], written: [], directory: '' };
