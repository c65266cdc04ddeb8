import { LatchkeyError } from '../../core/error.ts';
import type { Launcher } from './launcher.ts';
import type { SharedChild } from './shared-child.ts';

/**
 * Starts the command once, ahead of the first request, and says which era it is of. Rejects with `E_UPSTREAM_MISSING` when
 * there is no such program, and with `E_UPSTREAM_START` when it is no MCP server.
 */
export async function proveStart(
  launcher: Launcher,
  shared: SharedChild,
  program: string,
): Promise<{ readonly era: 'modern' | 'legacy' }> {
  const era = await launcher.era();
  if (era.kind === 'lost') throw toStartError(program, era.loss.text, launcher.notFound);
  // Old servers may end at a question they do not know; one that ends at `initialize` too is none.
  const proven = launcher.certain ? era : await shared.start();
  if (proven.kind === 'lost') throw toStartError(program, proven.loss.text, launcher.notFound);
  return { era: era.value };
}

function toStartError(program: string, why: string, notFound: boolean): LatchkeyError {
  if (notFound)
    return new LatchkeyError('E_UPSTREAM_MISSING', `The program "${program}" was not found.`, {
      hint: 'Check its name, its path and the working directory.',
    });
  return new LatchkeyError('E_UPSTREAM_START', `The program "${program}" did not start as an MCP server: ${why}`, {
    hint: 'Run the command by itself to see what it says; LATCHKEY_LOG=info shows its error output.',
  });
}
