import { attempt, describeAttempts, holderOf, needsToken } from '../attempts.ts';
import { withHeader } from '../draft.ts';
import { fail, pass, skip, type Probe } from '../probe.ts';
import { standingOf } from '../standing.ts';
import { OPEN } from '../try-credential.ts';

export const sessionAlone: Probe = {
  id: 'session-alone',
  group: 'credentials',
  tries: 'uses the id of a session that the token opened, without the token: 401',
  why: 'A session id is no credential: it stands in logs, and may be guessed.',
  source: 'MCP Security Best Practices, Session Hijacking',
  async run(site) {
    if (site.open) return skip(OPEN);
    const holder = holderOf(site);
    if (holder === null) return needsToken(site, 'not tried');
    const { session } = holder;
    if (session === null) return skip('it opens no session');
    const change = { by: ['stranger'], eras: ['legacy'] } as const;
    const attempts = await attempt(site, (draft) => withHeader(draft, 'Mcp-Session-Id', session), change);
    const saw = describeAttempts(attempts);
    return attempts.some(({ reply }) => standingOf(reply) === 'served')
      ? fail(saw, 'Ask each request for the token, also within a session.')
      : pass(saw);
  },
};
