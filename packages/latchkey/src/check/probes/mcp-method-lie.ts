import { withHeader } from '../draft.ts';
import { tryHeaderLie } from '../header-lie.ts';
import { fail, type Probe } from '../probe.ts';

export const mcpMethodLie: Probe = {
  id: 'mcp-method-lie',
  group: 'requests',
  tries: 'says prompts/list in Mcp-Method where the body has another method: 400 (-32020)',
  why: 'What stands in front and trusts the header takes a call for a harmless question.',
  source: 'MCP 2026-07-28 Streamable HTTP, Server Validation',
  run: (site) =>
    tryHeaderLie(site, {
      change: (draft) => withHeader(draft, 'Mcp-Method', 'prompts/list'),
      unnoticed: (saw) =>
        fail(saw, 'Hold Mcp-Method against the body, and refuse with 400 and -32020 where they differ.'),
    }),
};
