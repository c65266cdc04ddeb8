import { judgeIssuers } from '../each-issuer.ts';
import { info, pass, type Probe } from '../probe.ts';

export const registration: Probe = {
  id: 'registration',
  group: 'discovery',
  tries: 'looks how a client that nobody knows yet can register: by its metadata document (CIMD) or dynamically (DCR)',
  why: 'With neither, each client must be registered by hand before it can sign in.',
  source: 'MCP 2026-07-28 Client Registration; RFC 7591',
  run: (site) =>
    judgeIssuers(site, (json) => {
      const documents = json['client_id_metadata_document_supported'] === true;
      const dynamic = typeof json['registration_endpoint'] === 'string';
      if (documents) return pass(dynamic ? 'CIMD and DCR' : 'CIMD');
      if (dynamic)
        return info('DCR only', 'DCR is deprecated in MCP 2026-07-28; support client ID metadata documents as well.');
      return info('neither', 'Register clients by hand, or support client ID metadata documents.');
    }),
};
