import { judgeIssuers } from '../each-issuer.ts';
import { emptyLists, listOf, type Json } from '../metadata.ts';
import { pass, warn, type Outcome, type Probe } from '../probe.ts';

export const issuerMembers: Probe = {
  id: 'issuer-members',
  group: 'discovery',
  tries: 'reads what else the authorization server offers: response and grant types, algorithms, no empty lists',
  why: 'What is offered is used, by attackers too: the implicit and password grants are withdrawn, and "none" is no signature.',
  source: 'RFC 8414 §2, §3.2; RFC 9700 §2.1.2, §2.4',
  run: (site) => judgeIssuers(site, judge),
};

function judge(json: Json): Outcome {
  const empty = emptyLists(json);
  if (empty.length > 0) return warn(`empty: ${empty.join(', ')}`, 'Leave members without values out.');
  if (!listOf(json, 'response_types_supported').includes('code'))
    return warn(
      'response_types_supported has no "code"',
      'MCP clients use the authorization code grant: offer it, and say so.',
    );
  const grants = listOf(json, 'grant_types_supported').filter((grant) => grant === 'implicit' || grant === 'password');
  if (grants.length > 0)
    return warn(`grants: ${grants.join(', ')}`, 'Turn these grants off, at least for the clients of MCP.');
  const unsigned = Object.keys(json).find(
    (name) => name.endsWith('_signing_alg_values_supported') && listOf(json, name).includes('none'),
  );
  return unsigned === undefined
    ? pass('code grant, nothing withdrawn')
    : warn(`${unsigned} has "none"`, 'Take "none" out.');
}
