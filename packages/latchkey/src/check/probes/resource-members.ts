import { emptyLists, listOf, type Json } from '../metadata.ts';
import { fail, pass, skip, warn, type Outcome, type Probe } from '../probe.ts';

export const resourceMembers: Probe = {
  id: 'resource-members',
  group: 'discovery',
  tries: 'reads the other members: bearer_methods_supported, scopes_supported, algorithms, no empty lists',
  why: 'Clients do what the metadata allows: one that reads "query" puts tokens into URLs, and so into logs.',
  source: 'RFC 9728 §2, §3.2; OAuth 2.1 §5.1; MCP 2026-07-28 Authorization, Refresh Tokens',
  run({ documents }) {
    const json = documents.find((document) => document.json !== null)?.json ?? null;
    return json === null ? skip('there is no metadata') : judge(json);
  },
};

function judge(json: Json): Outcome {
  const methods = listOf(json, 'bearer_methods_supported');
  if (methods.includes('query'))
    return fail('bearer_methods_supported has "query"', 'Leave "header" alone in the list, and refuse tokens in URLs.');
  if (listOf(json, 'resource_signing_alg_values_supported').includes('none'))
    return fail('resource_signing_alg_values_supported has "none"', 'Take "none" out: it is no signature.');
  const empty = emptyLists(json);
  if (empty.length > 0) return warn(`empty: ${empty.join(', ')}`, 'Leave members without values out.');
  if (methods.includes('body'))
    return warn(
      'bearer_methods_supported has "body"',
      'MCP knows tokens in the Authorization header only: leave "header" alone in the list.',
    );
  if (listOf(json, 'scopes_supported').includes('offline_access'))
    return warn(
      'scopes_supported has "offline_access"',
      'Take it out: a refresh token is a matter between client and authorization server.',
    );
  const scopes = listOf(json, 'scopes_supported').length;
  return pass(
    `${methods.length === 0 ? 'no methods named' : methods.join(', ')}; ${scopes} ${scopes === 1 ? 'scope' : 'scopes'}`,
  );
}
