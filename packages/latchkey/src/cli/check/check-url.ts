import { readSecret } from '../../config/secret-source.ts';
import { parseDuration } from '../../core/units.ts';
import { LatchkeyError } from '../../core/error.ts';
import type { Secret } from '../../core/secret.ts';
import { print, printJson } from '../output.ts';
import { toPlainText } from '../../core/plain-text.ts';
import { renderReport } from './render-report.ts';
import { startProgress } from './show-progress.ts';

export interface CheckFlags {
  readonly tokenFile?: string;
  readonly timeout: string;
  readonly json?: true;
}

const TOKEN_VARIABLE = 'LATCHKEY_CHECK_TOKEN';
const LONGEST_MS = 60_000;
// For all the requests together, where each takes as long as it may.
const TOTAL_MS = 120_000;

/** Examines the server at that URL and prints the report; sets the exit code to 1 when something failed. */
export async function checkUrl(given: string, flags: CheckFlags): Promise<void> {
  const url = parseTarget(given);
  const timeoutMs = parseTimeout(flags.timeout);
  const token = findToken(flags);
  const { runCheck } = await import('../../compose-check.ts');
  const progress = startProgress(flags.json === true);
  const report = await runCheck({ url, token, timeoutMs, totalMs: TOTAL_MS, onProgress: progress.show }).finally(
    progress.end,
  );
  if (!report.ok) process.exitCode = 1;
  if (flags.json) return printJson(report);
  return print(renderReport(report));
}

function parseTarget(given: string): URL {
  const url = URL.parse(given);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const guess = URL.parse(`https://${given.replace(/^[a-z]*:?\/\//i, '')}`);
    throw usage(
      `"${toPlainText(given.slice(0, 200))}" is no http or https URL.`,
      guess === null ? 'for example: latchkey check http://127.0.0.1:8787/mcp' : `did you mean ${guess.href}?`,
    );
  }
  if (url.username !== '' || url.password !== '')
    throw usage(
      'The URL holds a user name or a password.',
      `leave it out; a token comes by --token-file or ${TOKEN_VARIABLE}`,
    );
  if (url.hash !== '')
    throw usage('The URL has a fragment (#…), which is never sent.', `did you mean ${withoutHash(url)}?`);
  return url;
}

function withoutHash(url: URL): string {
  const bare = new URL(url);
  bare.hash = '';
  return bare.href;
}

function parseTimeout(given: string): number {
  const ms = parseDuration(given);
  if (ms !== null && ms > 0 && ms <= LONGEST_MS) return ms;
  throw usage(
    `--timeout ${toPlainText(given.slice(0, 80))} is not a time from 1ms to 60s.`,
    'Write it as 500ms, 5s or 1m.',
  );
}

function findToken({ tokenFile }: CheckFlags): Secret | null {
  if (tokenFile !== undefined) return checkToken(readSecret('--token-file', { file: tokenFile }, {}), tokenFile);
  if ((process.env[TOKEN_VARIABLE] ?? '') === '') return null;
  return checkToken(readSecret(TOKEN_VARIABLE, { env: TOKEN_VARIABLE }, process.env), TOKEN_VARIABLE);
}

/** What cannot stand in a header would be sent as something else. */
function checkToken(token: Secret, where: string): Secret {
  if (/^[\x21-\x7e]+$/.test(token.reveal())) return token;
  throw usage(
    `${toPlainText(where)} does not hold a token alone.`,
    'A token is one word of visible ASCII: no spaces, no line breaks, no "Bearer" in front.',
  );
}

function usage(message: string, hint: string): LatchkeyError {
  return new LatchkeyError('E_USAGE', message, { hint });
}
