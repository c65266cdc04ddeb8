import type { HereDocument } from './documents.ts';
import { Unreadable } from './reading.ts';
import type { Command, Group, Reading } from './reading.ts';

/** What commands are read in: the whole script, or one substitution. */
export interface Frame {
  readonly reading: Reading;
  readonly closer: ')' | null;
  command: Command;
  /** Where the pipeline began that is being read, and what flows into its next command. */
  pipeline: number;
  fed: number | null;
  /** The command whose substitution this is. */
  readonly within: Command | null;
  readonly open: Opened[];
  readonly documents: HereDocument[];
  cases: number;
  /** A function was named, and its body comes next. */
  body: boolean;
  /** The compound command that has just ended: only redirections of it follow. */
  closed: Group | null;
}

/** A compound command that is open: where it and its pipeline began, and what flows into it. */
interface Opened {
  readonly start: number;
  readonly pipeline: number;
  readonly fed: number | null;
  readonly by: '(' | 'word';
  readonly body: boolean;
}

export function createFrame(reading: Reading, closer: ')' | null): Frame {
  const within = reading.command;
  const command = createCommand(reading.at, within);
  reading.command = command;
  return {
    reading,
    closer,
    command,
    pipeline: reading.at,
    fed: null,
    within,
    open: [],
    documents: [],
    cases: 0,
    body: false,
    closed: null,
  };
}

/** A command of which nothing is read so far. */
export function createCommand(
  start: number,
  within: Command | null,
  { fedFrom = null, depth = 0, inputs = [] }: Partial<Pick<Command, 'fedFrom' | 'depth' | 'inputs'>> = {},
): Command {
  return { start, words: [], assignments: [], inputs, outputs: [], fedFrom, depth, within };
}

/** Notes the command that is being read, unless it is empty: `$(<file)` is a command too. */
export function finish(frame: Frame): void {
  const { words, assignments, inputs } = frame.command;
  if (words.length + assignments.length + inputs.length > 0) frame.reading.commands.push(frame.command);
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
  const { reading, within, fed, open: opened } = frame;
  frame.command = createCommand(reading.at, within, { fedFrom: fed, depth: opened.length });
  reading.command = frame.command;
  frame.closed = null;
}

/** Begins a compound command. */
export function open(frame: Frame, by: '(' | 'word'): void {
  const { reading, pipeline, fed, body } = frame;
  frame.open.push({ start: reading.at, pipeline, fed, by, body });
  frame.body = false;
  frame.pipeline = reading.at;
  begin(frame);
}

/** Ends the innermost compound command. */
export function close(frame: Frame, by: '(' | 'word'): void {
  const opened = frame.open.pop();
  if (opened?.by !== by) throw new Unreadable(frame.reading.at, 'closes what it did not open');
  finish(frame);
  ({ pipeline: frame.pipeline, fed: frame.fed } = opened);
  begin(frame);
  endGroup(frame, opened);
}

/** Notes that a compound command ends here. A function reads what stands where it is called, which may be anywhere. */
export function endGroup(
  frame: Frame,
  { start, body = false }: { readonly start: number; readonly body?: boolean },
): void {
  const { at, text } = frame.reading;
  frame.closed = { start, end: at, inputs: body ? [{ start: 0, end: text.length }] : [], outputs: [] };
  frame.reading.groups.push(frame.closed);
}
