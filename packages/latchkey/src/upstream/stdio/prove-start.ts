import { existsSync } from 'node:fs';
import { LatchkeyError } from '../../core/error.ts';
import type { Launcher } from './launcher.ts';
import type { SharedChild } from './shared-child.ts';

/**
 * Starts the command once, ahead of the first request, and says which era it is of. Rejects with `E_UPSTREAM_MISSING` when
 * the program cannot be found or executed, or the folder that it is to run in is none; with `E_UPSTREAM_START` when it is no
 * MCP server.
 */
export async function proveStart(
  launcher: Launcher,
  shared: SharedChild,
  program: Program,
): Promise<{ readonly era: 'modern' | 'legacy' }> {
  const era = await launcher.era();
  if (era.kind === 'lost') throw toStartError(program, era.loss.text, launcher.startFault);
  // Old servers may end at a question they do not know; one that ends at `initialize` too is none.
  const proven = launcher.certain ? era : await shared.start();
  if (proven.kind === 'lost') throw toStartError(program, proven.loss.text, launcher.startFault);
  return { era: era.value };
}

interface Program {
  readonly name: string;
  readonly cwd: string | undefined;
}

const NO_PROGRAM: Readonly<Record<string, { readonly is: string; readonly hint: string }>> = {
  ENOENT: { is: 'was not found', hint: 'Check its name, its path and the working directory.' },
  EACCES: {
    is: 'cannot be executed: it is a folder, or has no right to be',
    hint: 'Name a program, such as npx or ./server.sh; `chmod +x` makes one of a script.',
  },
};

function toStartError({ name, cwd }: Program, why: string, fault: string | null): LatchkeyError {
  // The system tells of a missing folder with the words for a missing program.
  if (cwd !== undefined && !existsSync(`${cwd}/.`))
    return new LatchkeyError('E_UPSTREAM_MISSING', `"${cwd}", where the program "${name}" is to run, is no folder.`, {
      hint: 'Make the folder, or name another in cwd.',
    });
  const none = NO_PROGRAM[fault ?? ''];
  if (none !== undefined)
    return new LatchkeyError('E_UPSTREAM_MISSING', `The program "${name}" ${none.is}.`, { hint: none.hint });
  return new LatchkeyError('E_UPSTREAM_START', `The program "${name}" did not start as an MCP server: ${why}`, {
    hint: 'Run the command by itself to see what it says; LATCHKEY_LOG=info shows its error output.',
  });
}
