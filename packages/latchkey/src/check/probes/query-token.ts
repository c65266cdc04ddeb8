import { attempt, holderOf } from '../attempts.ts';
import { withoutHeader } from '../draft.ts';
import { fail, pass, skip, warn, type Probe } from '../probe.ts';
import type { Draft, Reply } from '../reply.ts';
import { describeReply, standingOf } from '../standing.ts';
import { MADE_UP } from '../tokens.ts';
import { namesError, OPEN } from '../try-credential.ts';

export const queryToken: Probe = {
  id: 'query-token',
  group: 'credentials',
  tries: 'sends the token in the query (?access_token=) and not in the header: 401, as without a token',
  why: 'URLs stand in logs, histories and Referer headers, and the token with them.',
  source: 'OAuth 2.1 §5.1; MCP 2026-07-28 Token Requirements; RFC 9700 §4.3.2',
  async run(site) {
    if (site.open) return skip(OPEN);
    const holder = holderOf(site);
    const token = (holder?.token ?? MADE_UP).reveal();
    const by = holder === null ? (['stranger'] as const) : (['holder'] as const);
    const [tried] = await attempt(site, (draft) => inQuery(draft, token), { by, eras: site.eras.slice(0, 1) });
    if (tried === undefined) return skip('not tried');
    const saw = describeReply(tried.reply);
    const advice = 'Read tokens from the Authorization header only. This token may stand in a log now: replace it.';
    if (standingOf(tried.reply) === 'served') return fail(saw, advice);
    if (holder !== null) return pass(saw);
    return isLookedAt(tried.reply) && site.challenge?.parameters.get('error') === undefined
      ? warn(
          `${saw}: it says that the token in the query is not valid, so it reads it`,
          'Read tokens from the Authorization header only.',
        )
      : pass(saw);
  },
};

function inQuery(draft: Draft, token: string): Draft {
  const joined = draft.target.includes('?') ? '&' : '?';
  return {
    ...withoutHeader(draft, 'Authorization'),
    target: `${draft.target}${joined}access_token=${encodeURIComponent(token)}`,
  };
}

function isLookedAt(reply: Reply): boolean {
  return reply.kind === 'answer' && reply.status === 401 && namesError(reply);
}
