import type { Probe } from '../probe.ts';
import { tryCredential } from '../try-credential.ts';

const NOBODY = Buffer.from('admin:admin').toString('base64');

export const otherScheme: Probe = {
  id: 'other-scheme',
  group: 'credentials',
  tries: 'signs in as admin with HTTP Basic, which ought to be refused',
  why: 'A second door that nobody watches: passwords of a framework, left on.',
  source: 'RFC 7617; MCP 2026-07-28 Token Requirements',
  run: (site) => tryCredential(site, `Basic ${NOBODY}`),
};
