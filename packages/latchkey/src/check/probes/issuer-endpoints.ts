import { judgeIssuers } from '../each-issuer.ts';
import { isPrivate, toUrl } from '../metadata.ts';
import { fail, pass, type Probe } from '../probe.ts';

const NEEDED = ['authorization_endpoint', 'token_endpoint'];

export const issuerEndpoints: Probe = {
  id: 'issuer-endpoints',
  group: 'discovery',
  tries: 'looks for the endpoints of the authorization server: all of them https',
  why: 'Codes, tokens and passwords pass there.',
  source: 'RFC 8414 §2; MCP 2026-07-28 Communication Security',
  run: (site) =>
    judgeIssuers(site, (json) => {
      const missing = NEEDED.filter((name) => json[name] === undefined);
      if (missing.length > 0)
        return fail(`missing: ${missing.join(', ')}`, 'Have the authorization server name it in its metadata.');
      const named = Object.entries(json).filter(([name]) => name.endsWith('_endpoint') || name === 'jwks_uri');
      const clear = named.find(([, value]) => !isSafe(value));
      return clear === undefined
        ? pass(`${named.length} endpoints`)
        : fail(`${clear[0]}: ${JSON.stringify(clear[1])}`, 'Serve every endpoint over https.');
    }),
};

function isSafe(value: unknown): boolean {
  const url = toUrl(value);
  return url !== null && isPrivate(url);
}
