/** MCP revisions served over Streamable HTTP, newest first. 2024-11-05 has no Streamable HTTP, but old servers negotiate it there. */
const MODERN_REVISIONS = ['2026-07-28'] as const;
const LEGACY_REVISIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

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
