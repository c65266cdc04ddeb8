import { OTHER_NO_TOOL, withHeader } from '../draft.ts';
import { tryHeaderLie } from '../header-lie.ts';
import { fail, type Probe } from '../probe.ts';

export const mcpNameLie: Probe = {
  id: 'mcp-name-lie',
  group: 'requests',
  tries: 'calls a tool that does not exist, and names another such one in Mcp-Name: 400 (-32020)',
  why: 'What stands in front and trusts the header allows one tool, and the server runs the other.',
  source: 'MCP 2026-07-28 Streamable HTTP, Server Validation',
  run: (site) =>
    tryHeaderLie(site, {
      call: true,
      change: (draft) => withHeader(draft, 'Mcp-Name', OTHER_NO_TOOL),
      unnoticed: (saw) =>
        fail(saw, 'Hold Mcp-Name against params.name, and refuse with 400 and -32020 where they differ.'),
    }),
};
