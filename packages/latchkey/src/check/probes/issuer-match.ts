import { judgeIssuers } from '../each-issuer.ts';
import { fail, pass, type Probe } from '../probe.ts';

export const issuerMatch: Probe = {
  id: 'issuer-match',
  group: 'discovery',
  tries:
    'compares `issuer` in the metadata of the authorization server with the name it was found by, letter by letter',
  why: 'Clients must not use metadata of another issuer: it may come from somebody who wants their codes and tokens.',
  source: 'RFC 8414 §3.3; RFC 9207 §2.4',
  run: (site) =>
    judgeIssuers(site, (json, issuer) =>
      json['issuer'] === issuer
        ? pass(issuer)
        : fail(
            `${JSON.stringify(json['issuer'] ?? null)} is not "${issuer}"`,
            'Write the same issuer in both documents; a slash at the end makes another one.',
          ),
    ),
};
