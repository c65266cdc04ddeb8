import { resolve } from 'node:path';
import { confirm, isCancel } from '@clack/prompts';
import { findHome } from '../../config/home-folder.ts';
import { LatchkeyError } from '../../core/error.ts';
import { toPlainText } from '../../core/plain-text.ts';
import { toShellWord } from '../../core/shell-word.ts';
import { changeSettings, showEdits } from './change-settings.ts';
import { fillEntries, holdsToken, type Client, type Scope, type Values } from './client.ts';
import { locateSettings, type Place } from './locate-settings.ts';
import { readSettingsFile, replaceSettingsFile } from './settings-file.ts';

export interface WriteOptions {
  readonly scope?: Scope;
  readonly file?: string;
  readonly yes?: true;
  readonly json?: true;
}

/** What became of a settings file. */
export interface Written {
  readonly file: string;
  readonly changed: boolean;
  /** A copy of what was there; null where nothing was, or nothing changed. */
  readonly backup: string | null;
  /** A command line that takes the change back; null where nothing changed. */
  readonly undo: string | null;
}

/**
 * Changes a client's own settings file: shows the difference by `say`, asks, keeps a copy. Null when the person says no.
 * Throws E_USAGE where there is nobody to ask and no --yes, or no file; E_CLIENT_FILE where the file should not be touched.
 */
export async function writeSettings(
  client: Client,
  values: Values,
  options: WriteOptions,
  say: (text: string) => void,
): Promise<Written | null> {
  const { settings } = client;
  if (settings === null) throw usage(`${client.title} has no settings file.`, 'leave out --write to see what it takes');
  const named = options.file ?? locateSettings(client, options.scope, thisPlace());
  const file = readSettingsFile(resolve(named));
  const { bytes, edits } = changeSettings(
    file.path,
    file.bytes,
    settings.format,
    fillEntries(settings.entries, values),
  );
  if (edits.length === 0) {
    say(`${toPlainText(file.path)} holds these settings already; nothing was written.\n`);
    return { file: file.path, changed: false, backup: null, undo: null };
  }
  say(`${toPlainText(file.path)}${file.stats === null ? ' (a new file)' : ''}\n${plainLines(showEdits(edits))}`);
  if (options.yes !== true && !(await ask(options))) return null;
  const backup = replaceSettingsFile(file, bytes, { secret: holdsToken(client), time: new Date() });
  const undo = backup === null ? `rm ${toShellWord(file.path)}` : `mv ${toShellWord(backup)} ${toShellWord(file.path)}`;
  say(`Written. To undo it: ${plainLines(undo)}\n`);
  return { file: file.path, changed: true, backup, undo };
}

function thisPlace(): Place {
  const { platform, env } = process;
  return { platform, env, home: findHome({ env, instead: 'name the settings file with --file' }) };
}

async function ask({ json }: WriteOptions): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY || json === true)
    throw usage('There is no terminal to ask on; nothing was written.', '--yes writes without asking');
  const answer = await confirm({ message: 'Change the file?', output: process.stderr });
  return !isCancel(answer) && answer;
}

function plainLines(text: string): string {
  return text.split('\n').map(toPlainText).join('\n');
}

function usage(message: string, hint: string): LatchkeyError {
  return new LatchkeyError('E_USAGE', message, { hint });
}
