import { REVISIONS } from '../draft.ts';
import { tryHeaderLie } from '../header-lie.ts';
import { fail, type Probe } from '../probe.ts';

export const versionLie: Probe = {
  id: 'version-lie',
  group: 'requests',
  tries: 'says 2026-07-28 in MCP-Protocol-Version and 2025-11-25 in the body: 400 (-32020)',
  why: 'One program then judges by the rules of one revision, and another runs it by those of the other.',
  source: 'MCP 2026-07-28 Streamable HTTP, Protocol Version Header',
  run: (site) =>
    tryHeaderLie(site, {
      change: (draft) => ({ ...draft, body: (draft.body ?? '').replace(REVISIONS.modern, REVISIONS.legacy) }),
      unnoticed: (saw) => fail(saw, 'Hold the header against _meta, and refuse with 400 and -32020 where they differ.'),
    }),
};
