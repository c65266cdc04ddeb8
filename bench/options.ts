import { parseArgs } from 'node:util';

export const USAGE = `Usage: node bench/run.ts [options]
  --only NAME,NAME   only these peers or groups (http, stdio, memory)
  --rounds N         counted rounds for each peer (6)
  --seconds S        length of a round, whole seconds (2)
  --quick            2 rounds of 1 s, memory once: to see that everything works, not for numbers
  --help             this text`;

export interface Options {
  /** Null when everything is wanted. */
  only: Set<string> | null;
  rounds: number;
  seconds: number;
  /** Calls that each peer serves before the first round counts. */
  warmCalls: number;
  memoryRepeats: number;
  settleMs: number;
}

/** Reads the command line; throws with a sentence for the user when it cannot be meant. */
export function parseOptions(args: string[], knownNames: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const only = values.only?.split(',').map((name) => name.trim()) ?? null;
  const unknown = only?.find((name) => !knownNames.includes(name));
  if (unknown !== undefined) throw new Error(`no peer is called "${unknown}"; there are: ${knownNames.join(', ')}`);
  return {
    only: only && new Set(only),
    rounds: parseCount('--rounds', values.rounds ?? (values.quick ? '2' : '6')),
    seconds: parseCount('--seconds', values.seconds ?? (values.quick ? '1' : '2')),
    warmCalls: values.quick ? 1 : 20_000,
    memoryRepeats: values.quick ? 1 : 3,
    settleMs: values.quick ? 2000 : 5000,
  };
}

function parseCount(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 60) throw new Error(`${name} takes a whole number from 1 to 60`);
  return count;
}
