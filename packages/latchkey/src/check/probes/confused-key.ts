import { loadIssuerKey } from '../issuer-keys.ts';
import { skip, type Probe } from '../probe.ts';
import { createHmacToken } from '../tokens.ts';
import { OPEN, tryCredential } from '../try-credential.ts';

export const confusedKey: Probe = {
  id: 'confused-key',
  group: 'credentials',
  tries: 'sends a JWT whose HMAC (HS256) has the public key of the authorization server for its secret: 401',
  why: 'A library that takes the algorithm from the token uses the public key as a secret, and everybody knows it.',
  source: 'RFC 8725 §2.1, §3.1; CVE-2016-10555',
  async run(site) {
    if (site.open) return skip(OPEN);
    const found = await loadIssuerKey(site);
    if (found === null) return skip('no key of an authorization server was found');
    const pem = found.key.export({ type: 'spki', format: 'pem' }).toString();
    const withLineEnd = await tryCredential(site, `Bearer ${createHmacToken(site, pem, found.kid).reveal()}`);
    // Programs keep the same key with and without the line end, and these are two secrets.
    return withLineEnd.verdict === 'pass'
      ? tryCredential(site, `Bearer ${createHmacToken(site, pem.trimEnd(), found.kid).reveal()}`)
      : withLineEnd;
  },
};
