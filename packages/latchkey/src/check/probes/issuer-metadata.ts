import { NONE_NAMED } from '../each-issuer.ts';
import { fail, pass, skip, type Probe } from '../probe.ts';

export const issuerMetadata: Probe = {
  id: 'issuer-metadata',
  group: 'discovery',
  tries: 'gets the metadata of each authorization server, in the order that clients use',
  why: 'There a client finds where to send the user and where to get the token.',
  source: 'RFC 8414 §3; OpenID Connect Discovery §4; MCP 2026-07-28 Authorization Server Metadata Discovery',
  run({ issuers }) {
    if (issuers.length === 0) return skip(NONE_NAMED);
    for (const { issuer, documents } of issuers) {
      if (documents.some(({ json }) => json !== null)) continue;
      const tried = documents.map(({ url, problem }) => `${url.pathname}: ${problem}`).join('; ');
      return fail(
        `${issuer}: ${tried}`,
        'Serve the metadata at one of these places, or name another authorization server.',
      );
    }
    return pass(issuers.flatMap(({ documents }) => documents.map(({ url }) => url.href)).join(', '));
  },
};
