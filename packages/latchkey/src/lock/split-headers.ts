/** Headers of which a request has one, and whose value can hold no `, `: where it does, they came twice. */
const SINGLE: ReadonlySet<string> = new Set([
  'host',
  'origin',
  'authorization',
  'x-api-key',
  'dpop',
  'content-length',
  'transfer-encoding',
]);

/**
 * [name, value, …] of headers that came joined (Fetch §2.2.2, "combine"), as `readHeaders` takes them: what came twice,
 * and must not, is there twice again.
 */
export function splitHeaders(joined: Iterable<readonly [string, string]>): string[] {
  const raw: string[] = [];
  for (const [name, value] of joined) {
    if (value.includes(', ') && SINGLE.has(name)) for (const each of value.split(', ')) raw.push(name, each);
    else raw.push(name, value);
  }
  return raw;
}
