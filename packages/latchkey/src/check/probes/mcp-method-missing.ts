import { withoutHeader } from '../draft.ts';
import { tryHeaderLie } from '../header-lie.ts';
import { warn, type Probe } from '../probe.ts';

export const mcpMethodMissing: Probe = {
  id: 'mcp-method-missing',
  group: 'requests',
  tries: 'sends a request without Mcp-Method: 400 (-32020)',
  why: 'What stands in front and goes by the header has nothing to go by.',
  source: 'MCP 2026-07-28 Streamable HTTP, Server Validation',
  run: (site) =>
    tryHeaderLie(site, {
      change: (draft) => withoutHeader(draft, 'Mcp-Method'),
      unnoticed: (saw) => warn(saw, 'Refuse requests of 2026-07-28 without Mcp-Method with 400 and -32020.'),
    }),
};
