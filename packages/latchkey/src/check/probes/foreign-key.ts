import { loadIssuerKey } from '../issuer-keys.ts';
import { skip, type Probe } from '../probe.ts';
import { createForeignToken } from '../tokens.ts';
import { OPEN, tryCredential } from '../try-credential.ts';

export const foreignKey: Probe = {
  id: 'foreign-key',
  group: 'credentials',
  tries:
    'sends a JWT with the right issuer and audience, signed with a key that it brings along (jwk) and names as the issuer does (kid): 401',
  why: 'A server that decodes tokens without verifying them, or takes the key from the token, accepts what anybody wrote.',
  source: 'RFC 7515 §4.1.3; RFC 8725 §3.1, §3.8; CVE-2018-0114',
  async run(site) {
    if (site.open) return skip(OPEN);
    return tryCredential(site, `Bearer ${createForeignToken(site, await loadIssuerKey(site)).reveal()}`);
  },
};
