/** The MCP revision of the modern era. */
export const MODERN_REVISION = '2026-07-28';
/** The newest revision of the legacy era. */
export const LEGACY_REVISION = '2025-11-25';

// Newest first. 2024-11-05 has no Streamable HTTP, but old servers negotiate it there, and clients of HTTP+SSE know no other.
const MODERN_REVISIONS: readonly string[] = [MODERN_REVISION];
const LEGACY_REVISIONS: readonly string[] = [LEGACY_REVISION, '2025-06-18', '2025-03-26', '2024-11-05'];
const FIRST_STREAMABLE = '2025-03-26';

export type Era = 'modern' | 'legacy';
export type Protocol = Era | 'both';

const MODERN: ReadonlySet<string> = new Set(MODERN_REVISIONS);
const LEGACY: ReadonlySet<string> = new Set(LEGACY_REVISIONS);

/** The era of a revision, or null for a revision this gateway does not know. */
export function eraOf(revision: string): Era | null {
  if (MODERN.has(revision)) return 'modern';
  return LEGACY.has(revision) ? 'legacy' : null;
}

/** The revisions a server with this setting offers, newest first. */
export function revisionsOf(protocol: Protocol): readonly string[] {
  return [...(protocol === 'legacy' ? [] : MODERN_REVISIONS), ...(protocol === 'modern' ? [] : LEGACY_REVISIONS)];
}

/** Those of them that have Streamable HTTP: only these can be chosen by who discovers over it. */
export function streamableOf(protocol: Protocol): readonly string[] {
  return revisionsOf(protocol).filter((revision) => revision >= FIRST_STREAMABLE);
}
