import { LEGACY_REVISION, revisionsOf } from '../../core/revision.ts';
import type { Greeting } from './launcher.ts';

const SPOKEN = revisionsOf('legacy');

/**
 * The result of `initialize`, as JSON text, for a session that only the gateway knows of: the revision that was asked for,
 * where it is one of ours and no newer than what the server itself settled (MCP 2025-11-25 lifecycle §Version Negotiation).
 */
export function toInitialized(
  { protocolVersion, serverInfo, instructions }: Greeting,
  asked: unknown,
  capabilities: Readonly<Record<string, unknown>>,
): string {
  const newest = protocolVersion ?? LEGACY_REVISION;
  const taken = typeof asked === 'string' && SPOKEN.includes(asked) && asked <= newest;
  return JSON.stringify({
    protocolVersion: taken ? asked : newest,
    capabilities,
    serverInfo: serverInfo ?? { name: 'unknown', version: '0' },
    ...(instructions === null ? {} : { instructions }),
  });
}
