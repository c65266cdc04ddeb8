import type { Peer } from './peer.ts';
import { bareProxy } from './peers/bare-proxy.ts';
import { direct } from './peers/direct.ts';
import { haproxy } from './peers/haproxy.ts';
import { latchkey, latchkeyStdio, latchkeyStdioSessions, latchkeyStdioShared } from './peers/latchkey.ts';
import { mcpProxy, mcpProxySessions } from './peers/mcp-proxy.ts';
import { nginxAuthRequest } from './peers/nginx-auth-request.ts';
import { nginx } from './peers/nginx.ts';
import { supergateway } from './peers/supergateway.ts';

/** Every peer, in the order of the rounds and of the table. */
export const peers: Peer[] = [
  direct,
  nginx,
  nginxAuthRequest,
  haproxy,
  bareProxy,
  latchkey,
  mcpProxy,
  latchkeyStdio,
  mcpProxySessions,
  supergateway,
  latchkeyStdioSessions,
  latchkeyStdioShared,
];

/** The peers whose idle streams are weighed. */
export const memoryPeers: Peer[] = [bareProxy, latchkey];
