import type { HereDocument } from './documents.ts';
import { Unreadable } from './reading.ts';
import type { Command, Reading } from './reading.ts';

/** What commands are read in: the whole script, or one substitution. */
export interface Frame {
  readonly reading: Reading;
  readonly closer: ')' | null;
  command: Command;
  /** Where the pipeline began that is being read, and what flows into its next command. */
  pipeline: number;
  fed: number | null;
  /** Compound commands that are open: where the pipeline of each began, and what flows into it. */
  readonly open: { readonly pipeline: number; readonly fed: number | null; readonly by: '(' | 'word' }[];
  readonly documents: HereDocument[];
  cases: number;
  /** Behind a compound command only redirections follow. */
  closed: boolean;
}

export function createFrame(reading: Reading, closer: ')' | null): Frame {
  return {
    reading,
    closer,
    command: createCommand(reading.at, null),
    pipeline: reading.at,
    fed: null,
    open: [],
    documents: [],
    cases: 0,
    closed: false,
  };
}

function createCommand(start: number, fedFrom: number | null): Command {
  return { start, words: [], assignments: [], inputs: [], fedFrom };
}

/** Notes the command that is being read, unless it is empty. */
export function finish(frame: Frame): void {
  const { words, assignments } = frame.command;
  if (words.length + assignments.length > 0) frame.reading.commands.push(frame.command);
}

/** Ends a pipeline. */
export function separate(frame: Frame): void {
  finish(frame);
  frame.fed = frame.open.at(-1)?.fed ?? null;
  begin(frame);
  frame.pipeline = frame.reading.at;
}

/** Begins the next command. */
export function begin(frame: Frame): void {
  frame.command = createCommand(frame.reading.at, frame.fed);
  frame.closed = false;
}

/** Begins a compound command. */
export function open(frame: Frame, by: '(' | 'word'): void {
  frame.open.push({ pipeline: frame.pipeline, fed: frame.fed, by });
  frame.pipeline = frame.reading.at;
  begin(frame);
}

/** Ends the innermost compound command. */
export function close(frame: Frame, by: '(' | 'word'): void {
  const opened = frame.open.pop();
  if (opened?.by !== by) throw new Unreadable(frame.reading.at, 'closes what it did not open');
  finish(frame);
  ({ pipeline: frame.pipeline, fed: frame.fed } = opened);
  begin(frame);
  frame.closed = true;
}
