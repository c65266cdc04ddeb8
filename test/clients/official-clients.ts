import { sdkV1, sdkV1OverSse } from './sdk-v1.ts';
import { sdkV2, sdkV2OverSse } from './sdk-v2.ts';
import type { OfficialClient } from './session.ts';
import type { Upstream } from './upstreams.ts';

export const officialClients: readonly OfficialClient[] = [sdkV1, ...sdkV2];

/** Also over the transport that they have deprecated, where what is asked of them is the same. */
export const everyClient: readonly OfficialClient[] = [...officialClients, sdkV1OverSse, sdkV2OverSse];

/** The era that `client` ends up in at the gateway before `upstream`; null where they have none in common. */
export function commonEra(client: OfficialClient, upstream: Upstream): 'legacy' | 'modern' | null {
  if (upstream.eras === 'both' || client.prefers === 'legacy') return client.prefers;
  return client.pinned ? null : 'legacy';
}
