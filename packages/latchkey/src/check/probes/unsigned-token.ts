import type { Probe } from '../probe.ts';
import { createUnsignedToken } from '../tokens.ts';
import { tryCredential } from '../try-credential.ts';

export const unsignedToken: Probe = {
  id: 'unsigned-token',
  group: 'credentials',
  tries: 'sends a JWT with alg "none", the right issuer and the right audience: 401',
  why: 'A library that takes the algorithm from the token accepts what anybody wrote.',
  source: 'RFC 8725 §3.1, §3.2; RFC 9068 §4',
  run: (site) => tryCredential(site, `Bearer ${createUnsignedToken(site).reveal()}`),
};
