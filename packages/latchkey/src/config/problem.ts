import { LatchkeyError } from '../core/error.ts';
import type { ErrorCode } from '../core/error.ts';

/** Something wrong with the configuration. */
export interface Problem {
  readonly code: ErrorCode;
  /** `latchkey.yaml:3:7 tools.read_file`, or the flag or variable it came by. */
  readonly where: string;
  readonly message: string;
  readonly hint: string;
}

const CHECK_HINT = 'see docs/config.md, and `latchkey config check` after mending it';

export function invalid(where: string, message: string, hint = CHECK_HINT): Problem {
  return { code: 'E_CONFIG_INVALID', where, message, hint };
}

/** One error for all problems: of their code if they share one, else E_CONFIG_INVALID. */
export function toError(problems: readonly Problem[]): LatchkeyError {
  const [first] = problems;
  if (first === undefined) throw new TypeError('no problem to make an error of');
  const shared = problems.every(({ code }) => code === first.code) ? first.code : 'E_CONFIG_INVALID';
  const lines = problems.map(({ where, message }) => `${where}: ${message}`);
  const hints = new Set(problems.map(({ hint }) => hint));
  const error = new LatchkeyError(shared, lines.join('\n'), { hint: hints.size === 1 ? first.hint : CHECK_HINT });
  madeOf.set(error, problems);
  return error;
}

const madeOf = new WeakMap<LatchkeyError, readonly Problem[]>();

/** The problems that an error was made of; `where` is for one that was made of none. Throws what is no LatchkeyError. */
export function toProblems(error: unknown, where: string): readonly Problem[] {
  if (!(error instanceof LatchkeyError)) throw error;
  const { code, message, hint } = error;
  return madeOf.get(error) ?? [{ code, where, message, hint }];
}

/** Sorts by line, then column; what has no line comes first. */
export function byPlace(one: Problem, other: Problem): number {
  const [line, column] = placeOf(one);
  const [otherLine, otherColumn] = placeOf(other);
  return line - otherLine || column - otherColumn;
}

function placeOf({ where }: Problem): readonly [number, number] {
  const [, line = '0', column = '0'] = /:(\d+):(\d+)(?: |$)/.exec(where) ?? [];
  return [Number(line), Number(column)];
}
