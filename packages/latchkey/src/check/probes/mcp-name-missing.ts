import { withoutHeader } from '../draft.ts';
import { tryHeaderLie } from '../header-lie.ts';
import { warn, type Probe } from '../probe.ts';

export const mcpNameMissing: Probe = {
  id: 'mcp-name-missing',
  group: 'requests',
  tries: 'calls a tool that does not exist, without Mcp-Name: 400 (-32020)',
  why: 'What stands in front and goes by the header has nothing to go by.',
  source: 'MCP 2026-07-28 Streamable HTTP, Server Validation',
  run: (site) =>
    tryHeaderLie(site, {
      call: true,
      change: (draft) => withoutHeader(draft, 'Mcp-Name'),
      unnoticed: (saw) =>
        warn(saw, 'Refuse tools/call, resources/read and prompts/get without Mcp-Name with 400 and -32020.'),
    }),
};
