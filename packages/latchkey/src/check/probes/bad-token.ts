import { warn, type Probe } from '../probe.ts';
import { MADE_UP } from '../tokens.ts';
import { tryCredential } from '../try-credential.ts';

export const badToken: Probe = {
  id: 'bad-token',
  group: 'credentials',
  tries: 'sends a made-up token: 401 with error="invalid_token"',
  why: 'A server that only looks whether there is a token lets everybody in. At another status clients do not get a new one.',
  source: 'RFC 6750 §3.1; MCP 2026-07-28 Token Handling',
  async run(site) {
    const outcome = await tryCredential(site, `Bearer ${MADE_UP.reveal()}`);
    const { verdict, saw } = outcome;
    if (verdict !== 'pass' || saw.endsWith('invalid_token')) return outcome;
    return warn(
      saw.startsWith('401') ? '401 without error="invalid_token"' : saw,
      'Answer 401 with error="invalid_token": at that, clients get a new token.',
    );
  },
};
