import type { Site } from './site.ts';

/** `fail`: somebody gets in, or clients cannot. `warn`: a defence is missing, or a rule of a specification is broken. */
export const VERDICTS = ['fail', 'warn', 'info', 'pass', 'skip'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The parts of a report, in the order in which they are tried. */
export const GROUPS = {
  connection: 'Connection',
  discovery: 'Discovery: how a client learns where to sign in',
  credentials: 'Credentials: who gets in',
  requests: 'Requests: what can be read in two ways',
} as const;

/** What came of one probe. `advice` says what to do; null where nothing needs doing. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly saw: string;
  readonly advice: string | null;
}

/** One question to a server. It never calls a tool that exists, and changes nothing. */
export interface Probe {
  readonly id: string;
  readonly group: keyof typeof GROUPS;
  /** What is tried, and what ought to come of it. */
  readonly tries: string;
  readonly why: string;
  readonly source: string;
  run(site: Site): Outcome | Promise<Outcome>;
}

/** A probe with what came of it. */
export interface Finding extends Omit<Probe, 'run'>, Outcome {}

export function pass(saw: string): Outcome {
  return { verdict: 'pass', saw, advice: null };
}

export function info(saw: string, advice: string | null = null): Outcome {
  return { verdict: 'info', saw, advice };
}

/** Not tried, or nothing to be learnt from it. */
export function skip(saw: string): Outcome {
  return { verdict: 'skip', saw, advice: null };
}

/** The server limits who asks. */
export function skipLimited(saw: string): Outcome {
  return skip(`${saw}: it asks to wait; try again later`);
}

export function warn(saw: string, advice: string): Outcome {
  return { verdict: 'warn', saw, advice };
}

export function fail(saw: string, advice: string): Outcome {
  return { verdict: 'fail', saw, advice };
}
