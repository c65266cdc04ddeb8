import type { Probe } from '../probe.ts';
import { tryCredential } from '../try-credential.ts';

export const malformedToken: Probe = {
  id: 'malformed-token',
  group: 'credentials',
  tries: 'sends an Authorization header that holds no token: two words, quotes, a backslash',
  why: 'What one program reads as no token and another as one is a way around the first.',
  source: 'RFC 6750 §2.1',
  run: (site) => tryCredential(site, String.raw`Bearer "two words" \\ , ,`),
};
