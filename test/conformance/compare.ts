/** What the suite says of one check. Several checks of a scenario may share an id and a name. */
export interface Check {
  readonly id: string;
  readonly name: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

/** The checks of every scenario of one run, by the scenario's name. */
export type SuiteResult = ReadonlyMap<string, readonly Check[]>;

/** A check that came out differently; a side where it was not made at all says `absent`. */
export interface Difference {
  readonly scenario: string;
  readonly check: string;
  readonly direct: Check['status'] | 'absent';
  readonly gateway: Check['status'] | 'absent';
  readonly error: string | null;
}

// How often these are noted depends on how the bytes were cut, and they judge nothing.
const notes = new Set(['outgoing-request', 'incoming-response', 'incoming-sse-event', 'stream-closed']);

function byName(checks: readonly Check[]): Map<string, Check> {
  const named = new Map<string, Check>();
  for (const check of checks) {
    if (notes.has(check.id) && check.status === 'INFO') continue;
    const base = `${check.id} (${check.name})`;
    let name = base;
    for (let count = 2; named.has(name); count++) name = `${base} #${count}`;
    named.set(name, check);
  }
  return named;
}

/** Lists every check whose status is not the same in both runs. */
export function compareRuns(direct: SuiteResult, gateway: SuiteResult): Difference[] {
  const differences: Difference[] = [];
  for (const scenario of new Set([...direct.keys(), ...gateway.keys()])) {
    const [before, after] = [byName(direct.get(scenario) ?? []), byName(gateway.get(scenario) ?? [])];
    for (const check of new Set([...before.keys(), ...after.keys()])) {
      const [one, other] = [before.get(check), after.get(check)];
      if (one?.status === other?.status) continue;
      differences.push({
        scenario,
        check,
        direct: one?.status ?? 'absent',
        gateway: other?.status ?? 'absent',
        error: other?.errorMessage ?? one?.errorMessage ?? null,
      });
    }
  }
  return differences;
}

/** True where the gateway made something worse: a pass that is gone, or a failure that was not there. */
export function isLoss({ direct, gateway }: Difference): boolean {
  return direct === 'SUCCESS' || (gateway === 'FAILURE' && direct !== 'FAILURE');
}

export interface Tally {
  readonly scenarios: number;
  readonly cleanScenarios: number;
  readonly passed: number;
  readonly failed: number;
}

/** Counts a run; a scenario is clean when none of its checks failed. */
export function tallyRun(result: SuiteResult): Tally {
  const runs = [...result.values()];
  const count = (status: Check['status']) => runs.flat().filter((check) => check.status === status).length;
  return {
    scenarios: runs.length,
    cleanScenarios: runs.filter((checks) => checks.every(({ status }) => status !== 'FAILURE')).length,
    passed: count('SUCCESS'),
    failed: count('FAILURE'),
  };
}
