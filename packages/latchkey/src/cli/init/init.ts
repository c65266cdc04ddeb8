import { closeSync, existsSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { DEFAULT_FILE } from '../config-file.ts';
import { requireConfig } from '../../config/load-config.ts';
import { LatchkeyError } from '../../core/error.ts';
import { askAnswers } from './ask-answers.ts';
import { splitCommand } from './split-command.ts';
import { writeTemplate } from './template.ts';
import type { Answers } from './template.ts';

export interface InitFlags {
  readonly command?: string;
  readonly upstream?: string;
  readonly rules?: boolean;
  readonly file: string;
  readonly force?: true;
  readonly json?: true;
}

/** Writes the file, having made sure that it passes `config check`; says on stdout which. */
export async function init(flags: InitFlags): Promise<void> {
  // Nobody should answer questions for a file that cannot be written; `writeFile` is what decides.
  if (flags.force !== true && existsSync(flags.file)) throw alreadyThere(flags.file);
  const answers = readFlags(flags) ?? (await ask(flags));
  if (answers === null) return;
  const text = writeTemplate(answers);
  requireConfig({ text, file: flags.file, env: {} });
  writeFile(flags.file, text, flags.force === true);
  process.stdout.write(flags.json ? `${JSON.stringify({ file: flags.file })}\n` : `${flags.file}\n`);
  process.stderr.write(
    `Wrote ${flags.file}. Next: latchkey run${flags.file === DEFAULT_FILE ? '' : ` --config ${flags.file}`}\n`,
  );
}

function readFlags({ command, upstream, rules = true }: InitFlags): Answers | null {
  if (command !== undefined && upstream !== undefined)
    throw usage('Both --command and --upstream were given.', 'give one');
  if (upstream !== undefined) return { url: upstream, rules };
  if (command === undefined) return null;
  const words = splitCommand(command);
  if (words === null)
    throw usage('--command has a quote without its end, or is empty.', `for example: --command 'node server.js'`);
  return { command: words, rules };
}

async function ask(flags: InitFlags): Promise<Answers | null> {
  if (!process.stdin.isTTY || !process.stderr.isTTY || flags.json) {
    throw usage('There is no terminal to ask on.', `say what to protect: --command 'npx -y SERVER' or --upstream URL`);
  }
  const answers = await askAnswers(flags.rules);
  if (answers === null) process.exitCode = 1;
  return answers;
}

/** What everybody could write to no command would read, whatever the umask says. */
const READABLE = 0o644;

function writeFile(file: string, text: string, force: boolean): void {
  const fresh = force ? `${file}.${process.pid}.new` : file;
  try {
    writeNew(fresh, text);
    if (force) renameOver(fresh, file);
  } catch (error) {
    throw explain(file, error);
  }
}

/** All of it, or no file: the first half of one may be sound and have no rules. */
function writeNew(file: string, text: string): void {
  const opened = openSync(file, 'wx', READABLE);
  try {
    writeFileSync(opened, text);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(opened);
  }
}

function renameOver(fresh: string, file: string): void {
  try {
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

function explain(file: string, error: unknown): LatchkeyError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return code === 'EEXIST'
    ? alreadyThere(file)
    : new LatchkeyError('E_USAGE', `${file} cannot be written (${code}).`, {
        hint: 'check the folder and its permissions',
        cause: error,
      });
}

function alreadyThere(file: string): LatchkeyError {
  return new LatchkeyError('E_FILE_EXISTS', `${file} is there already.`, {
    hint: '--force replaces it, --file names another',
  });
}

function usage(message: string, hint: string): LatchkeyError {
  return new LatchkeyError('E_USAGE', message, { hint });
}
