import type { Command } from 'commander';
import { LatchkeyError } from '../core/error.ts';

/** An empty value is mostly a shell variable that is not set; taken as a path it would be the working directory. */
export function refuseEmpty(command: Command): void {
  const found = command.options.find((option) => [command.getOptionValue(option.attributeName())].flat().includes(''));
  if (found === undefined) return;
  throw new LatchkeyError('E_USAGE', `${found.long} is empty.`, { hint: 'give it a value, or leave it out' });
}
