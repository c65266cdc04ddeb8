import { createDraft } from '../draft.ts';
import { warn, type Probe } from '../probe.ts';
import type { Site } from '../site.ts';
import { standingOf } from '../standing.ts';
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
    const advice = 'Answer 401 with error="invalid_token": at that, clients get a new token.';
    if (verdict !== 'pass') return outcome;
    if (!saw.endsWith('invalid_token'))
      return warn(saw.startsWith('401') ? '401 without error="invalid_token"' : saw, advice);
    return (await isTakenForNobody(site))
      ? warn('who has such a token is taken for somebody without one, and gets the list of tools', advice)
      : outcome;
  },
};

async function isTakenForNobody({ url, eras, send, stranger, strangerList }: Site): Promise<boolean> {
  const [era = 'modern'] = eras;
  const [listed] = strangerList;
  if (listed === undefined || standingOf(listed) !== 'served') return false;
  const asked = { era, method: 'tools/list', token: MADE_UP, session: stranger.session };
  return standingOf(await send(createDraft(url, asked))) === 'served';
}
