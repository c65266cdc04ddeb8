import { isPrivate, listOf, toUrl } from '../metadata.ts';
import { fail, pass, skip, warn, type Probe } from '../probe.ts';

export const authorizationServers: Probe = {
  id: 'authorization-servers',
  group: 'discovery',
  tries: 'looks for authorization_servers in the metadata, each an https URL without query and fragment',
  why: 'Without one no client can sign in by itself: each user has to be handed a token.',
  source: 'RFC 9728 §2; RFC 8414 §2; MCP 2026-07-28 Authorization Server Discovery',
  run({ documents }) {
    const json = documents.find((document) => document.json !== null)?.json ?? null;
    if (json === null) return skip('there is no metadata');
    const named = listOf(json, 'authorization_servers');
    if (named.length === 0)
      return warn('none named', 'Name an authorization server, or accept that tokens are handed out by hand.');
    const wrong = named.find((issuer) => !isIssuer(issuer));
    return wrong === undefined
      ? pass(named.join(', '))
      : fail(`"${wrong}" cannot be an issuer`, 'An issuer is an https URL without query and fragment.');
  },
};

function isIssuer(text: string): boolean {
  const url = toUrl(text);
  return url !== null && isPrivate(url) && url.search === '' && url.hash === '' && !/[?#]/.test(text);
}
