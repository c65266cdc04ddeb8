// RFC 9111 §5, RFC 9213.
const CACHE_HEADERS: ReadonlySet<string> = new Set([
  'cache-control',
  'cdn-cache-control',
  'surrogate-control',
  'expires',
  'pragma',
  'age',
]);

/** The headers of an answer of which each caller gets its own part: no cache keeps it, whatever the server thinks. */
export function keepFromCaches(headers: readonly string[]): readonly string[] {
  const kept: string[] = ['cache-control', 'no-store, no-transform'];
  for (let i = 0; i < headers.length; i += 2)
    if (!CACHE_HEADERS.has((headers[i] as string).toLowerCase()))
      kept.push(headers[i] as string, headers[i + 1] as string);
  return kept;
}
