import { judgeIssuers } from '../each-issuer.ts';
import { info, pass, type Probe } from '../probe.ts';

export const issuerInAnswer: Probe = {
  id: 'issuer-in-answer',
  group: 'discovery',
  tries: 'looks whether the authorization server says who it is when it sends the user back',
  why: 'Then a client that signs in at several servers cannot be led to send the code of one to another.',
  source: 'RFC 9207; MCP 2026-07-28 Authorization Response Validation',
  run: (site) =>
    judgeIssuers(site, (json) =>
      json['authorization_response_iss_parameter_supported'] === true
        ? pass('iss is sent')
        : info('iss is not announced', 'Turn the iss parameter on; MCP is going to require it.'),
    ),
};
