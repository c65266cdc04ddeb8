import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// Beside the originals, so that what they import is found.
const COPIES = fileURLToPath(new URL('.run-', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../packages/latchkey/bin/latchkey.js', import.meta.url));

/** Latchkey, started as its users start it, on a copy of an example's folder. */
export interface Gateway {
  readonly url: string;
  /** The copy: what an example writes does not change the original. */
  readonly folder: string;
  /** Creates a token with some scopes and gives it. */
  createToken(name: string, scopes: readonly string[]): string;
  close(): Promise<void>;
}

/** Runs `latchkey run` with more arguments in a copy of the folder, where it finds latchkey.yaml. */
export async function startGateway(example: URL, ...args: readonly string[]): Promise<Gateway> {
  const folder = mkdtempSync(COPIES);
  cpSync(fileURLToPath(example), folder, { recursive: true });
  const store = join(folder, 'store');
  const command = [PROGRAM, 'run', '--json', '--listen', '127.0.0.1:0', '--store', store, ...args];
  const program = spawn(process.execPath, command, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(program, 'close');
  const close = async (): Promise<void> => {
    program.kill();
    await ended;
    rmSync(folder, { recursive: true });
  };
  for await (const line of createInterface({ input: program.stdout })) {
    const { url } = JSON.parse(line) as { url: string };
    return {
      url,
      folder,
      createToken: (name, scopes) => {
        const flags = scopes.flatMap((scope) => ['--scope', scope]);
        const create = [PROGRAM, 'token', 'create', name, '--store', store, ...flags];
        return execFileSync(process.execPath, create, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
      },
      close,
    };
  }
  await close();
  throw new Error('latchkey did not start');
}
