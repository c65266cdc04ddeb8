import { sdkV1 } from './sdk-v1.ts';
import { sdkV2 } from './sdk-v2.ts';
import type { OfficialClient } from './session.ts';
import type { Upstream } from './upstreams.ts';

export const officialClients: readonly OfficialClient[] = [sdkV1, ...sdkV2];

/** The era that `client` ends up in at the gateway before `upstream`; null where they have none in common. */
export function commonEra(client: OfficialClient, upstream: Upstream): 'legacy' | 'modern' | null {
  if (upstream.eras === 'both' || client.prefers === 'legacy') return client.prefers;
  return client.pinned ? null : 'legacy';
}
