import { REVISIONS, VERSION, withHeader } from '../draft.ts';
import { tryHeaderLie } from '../header-lie.ts';
import { warn, type Probe } from '../probe.ts';

const NEVER = '1900-01-01';

export const unknownVersion: Probe = {
  id: 'unknown-version',
  group: 'requests',
  tries: 'asks in a revision that never was: 400 (-32022) with those that the server speaks',
  why: 'A client learns from it which revision to use; a server that goes on guesses the rules.',
  source: 'MCP 2026-07-28 Versioning, Protocol Version Negotiation',
  run: (site) =>
    tryHeaderLie(site, {
      code: -32_022,
      change: (draft) =>
        withHeader({ ...draft, body: (draft.body ?? '').replace(REVISIONS.modern, NEVER) }, VERSION, NEVER),
      unnoticed: (saw) => warn(saw, 'Refuse revisions that the server does not speak with 400 and -32022.'),
    }),
};
