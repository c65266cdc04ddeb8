import { LONGEST_TIMER_MS } from '../core/units.ts';
import { createFaults } from '../lock/faults.ts';
import { readChoice, readCount, readFunction, readMembers, type Given } from '../lock/read-option.ts';

/** How a door hands on what a guard let in. */
export interface DoorOptions {
  /** Whether `authInfo.token` is the credential itself rather than `[redacted]`. Default false: no secret goes where logs may find it. */
  readonly withToken?: boolean;
  /** Time for a body to arrive, in milliseconds. Default 15,000. */
  readonly bodyTimeoutMs?: number;
}

export type DoorSettings = Required<DoorOptions>;

/** The options of a door, those under `hooks` functions. Throws a TypeError that names everything that is wrong with them. */
export function readDoorOptions<Options extends DoorOptions>(
  options: Options,
  ...hooks: readonly (keyof Options & string)[]
): Options & DoorSettings {
  const faults = createFaults();
  const members = readMembers({ faults, path: '', value: options }, ['withToken', 'bodyTimeoutMs', ...hooks]);
  const at = (path: string, value = members[path]): Given => ({ faults, path, value });
  for (const hook of hooks) readFunction(at(hook), null);
  const settings = {
    ...options,
    withToken: readChoice(at('withToken'), [false, true]),
    bodyTimeoutMs: readCount(at('bodyTimeoutMs', members['bodyTimeoutMs'] ?? 15_000), LONGEST_TIMER_MS),
  };
  faults.throwAll('latchkey');
  return settings;
}
