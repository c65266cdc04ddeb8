import { judgeIssuers } from '../each-issuer.ts';
import { listOf } from '../metadata.ts';
import { fail, pass, warn, type Probe } from '../probe.ts';

export const pkce: Probe = {
  id: 'pkce',
  group: 'discovery',
  tries: 'looks for S256 in code_challenge_methods_supported',
  why: 'MCP clients refuse to sign in where PKCE is not offered; with it a stolen code is worth nothing.',
  source: 'RFC 7636 §4.2; MCP 2026-07-28 Authorization Code Protection',
  run: (site) =>
    judgeIssuers(site, (json) => {
      const methods = listOf(json, 'code_challenge_methods_supported');
      if (!methods.includes('S256'))
        return fail(
          methods.length === 0 ? 'code_challenge_methods_supported is missing' : methods.join(', '),
          'Have the authorization server offer S256 and say so in its metadata.',
        );
      return methods.includes('plain')
        ? warn(methods.join(', '), 'Turn the method "plain" off: its challenge is the secret itself (RFC 9700 §2.1.1).')
        : pass(methods.join(', '));
    }),
};
