import { z } from 'zod';
import * as field from './fields.ts';

/** What `latchkey forward-auth` needs besides rules. */
export const forwardAuth = z.strictObject({
  proxy: z
    .enum(['nginx', 'caddy', 'traefik', 'envoy'], { error: 'expected nginx, caddy, traefik or envoy' })
    .describe('The proxy that asks: it says by which headers it describes a request.'),
  trusted: z
    .array(field.network())
    .min(1)
    .max(100)
    .prefault(['127.0.0.0/8', '::1'])
    .describe('Addresses or networks of the proxy. What others ask is refused.'),
  bodyChecked: z
    .boolean()
    .prefault(false)
    .describe(
      'Whether the server behind the proxy refuses a body that its Mcp-* headers do not describe, as MCP 2026-07-28 asks of servers. Rules need it.',
    ),
  scopes: field
    .scopes()
    .optional()
    .describe(
      'Scopes that are needed, all of them, in place of rules: also for servers that speak no MCP, at any path. [] is any valid credential.',
    ),
});
