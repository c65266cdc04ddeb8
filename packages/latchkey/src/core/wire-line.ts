import type { Reason } from './reason.ts';

/** Status, code and text of one refusal. */
export interface Line {
  status: number;
  readonly code: number;
  message: string;
}

/** Lines of a table: the code is the status where none is given. */
export type Lines = Readonly<Partial<Record<Reason, readonly [status: number, message: string, code?: number]>>>;

/** A line of its own, which may be changed; null where the table has none. */
export function findLine(lines: Lines, reason: Reason): Line | null {
  const found = lines[reason];
  if (found === undefined) return null;
  const [status, message, code = status] = found;
  return { status, code, message };
}

export const TOO_MANY = 'Too many requests. Wait as long as Retry-After says.';
