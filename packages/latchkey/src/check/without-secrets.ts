import type { Secret } from '../core/secret.ts';

// Shorter ones are words: a page number, a mode.
const SHORTEST = 8;

/** What must not be printed: the token, and the values in the query of the URL, which may be keys. */
export function secretsOf(url: URL, token: Secret | null): readonly string[] {
  const values = [...url.searchParams.values()].filter((value) => value.length >= SHORTEST);
  const texts = token === null ? values : [token.reveal(), ...values];
  return texts.flatMap(spellingsOf);
}

/** The same value with the secrets blotted out of its strings: servers repeat what they are told. */
export function withoutSecrets<Value>(value: Value, secrets: readonly string[]): Value {
  return (secrets.length === 0 ? value : blot(value, secrets)) as Value;
}

function spellingsOf(text: string): readonly string[] {
  return [text, encodeURIComponent(text), Buffer.from(text).toString('base64').replace(/=+$/, '')];
}

function blot(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return secrets.reduce((text, one) => text.replaceAll(one, '[redacted]'), value);
  if (Array.isArray(value)) return value.map((each) => blot(each, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, blot(each, secrets)]));
}
