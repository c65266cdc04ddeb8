import type { Secret } from '../core/secret.ts';

/** The same value with every spelling of the token in its strings blotted out: servers repeat what they are told. */
export function withoutSecret<Value>(value: Value, token: Secret | null): Value {
  if (token === null) return value;
  const text = token.reveal();
  const spellings = [text, encodeURIComponent(text), Buffer.from(text).toString('base64').replace(/=+$/, '')];
  return blot(value, spellings) as Value;
}

function blot(value: unknown, spellings: readonly string[]): unknown {
  if (typeof value === 'string') return spellings.reduce((text, one) => text.replaceAll(one, '[redacted]'), value);
  if (Array.isArray(value)) return value.map((each) => blot(each, spellings));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, blot(each, spellings)]));
}
