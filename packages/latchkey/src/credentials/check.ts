import { formatDuration } from '../core/format-duration.ts';
import { nearest } from '../core/nearest.ts';
import { parseDuration } from '../core/units.ts';
import { LatchkeyError } from '../core/error.ts';
import { toPlainText } from '../core/plain-text.ts';

const LONGEST_NAME = 64;

/** A name as it is kept: in Unicode's composed form. Throws E_NAME_INVALID. */
export function checkName(given: string, what = 'name'): string {
  const name = given.normalize('NFC');
  const length = [...name].length;
  if (length >= 1 && length <= LONGEST_NAME && name.trim() === name && !/[\p{C}\p{Zl}\p{Zp}]/u.test(name)) return name;
  throw new LatchkeyError('E_NAME_INVALID', `"${toPlainText(given.slice(0, 80))}" cannot be a ${what}.`, {
    hint: `Use 1 to ${LONGEST_NAME} visible characters, without spaces at the ends.`,
  });
}

/** RFC 6749 §3.3. Without any scope the credential gets `*`, every scope. Throws E_USAGE. */
export function checkScopes(given: readonly string[]): readonly string[] {
  for (const scope of given) {
    if (/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(scope)) continue;
    throw new LatchkeyError('E_USAGE', `"${toPlainText(scope.slice(0, 80))}" cannot be a scope.`, {
      hint: 'A scope is one word of visible ASCII without quotes and backslashes; give --scope once for each.',
    });
  }
  return given.length === 0 ? ['*'] : [...new Set(given)];
}

/** Null means every server. Where the servers are known, one that is none of them throws E_USAGE. */
export function checkServers(given: readonly string[], known: readonly string[] | null): readonly string[] | null {
  if (given.length === 0) return null;
  const names = [...new Set(given.map((name) => checkName(name, 'name of a server')))];
  const stranger = known && names.find((name) => !known.includes(name));
  if (!stranger) return names;
  const near = nearest(stranger, known ?? []);
  throw new LatchkeyError('E_USAGE', `There is no server "${toPlainText(stranger)}" in the configuration.`, {
    hint: near === null ? `Its servers are: ${(known ?? []).join(', ')}.` : `Did you mean "${near}"?`,
  });
}

/** Milliseconds of a time to live; null for `never`, which only keys may have. Throws E_USAGE. */
export function checkTtl(given: string, kind: 'token' | 'key', what = '--ttl'): number | null {
  if (given === 'never' && kind === 'key') return null;
  const ttlMs = parseDuration(given);
  if (ttlMs !== null && ttlMs > 0) return ttlMs;
  const hint = given === 'never' ? 'Tokens always end; an API key may last: `latchkey key create`.' : DURATION_HINT;
  throw new LatchkeyError('E_USAGE', `${what} ${toPlainText(given)} is not a time that a ${kind} can live.`, { hint });
}

/** Milliseconds of a span such as `--grace`; 0 is allowed. Throws E_USAGE. */
export function checkSpan(given: string, what: string): number {
  const span = parseDuration(given);
  if (span !== null) return span;
  throw new LatchkeyError('E_USAGE', `${what} ${toPlainText(given)} is not a length of time.`, { hint: DURATION_HINT });
}

const DURATION_HINT = `Write it as 90s, 10m, 1h30m or ${formatDuration(7 * 86_400_000)}.`;
