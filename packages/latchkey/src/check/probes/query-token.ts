import { holderOf } from '../attempts.ts';
import { knock } from '../knock.ts';
import { fail, pass, skip, skipLimited, warn, type Probe } from '../probe.ts';
import type { Draft } from '../reply.ts';
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
    const { reply, entered } = await knock(site, (draft) => inQuery(draft, token));
    const saw = describeReply(reply);
    const advice = 'Read tokens from the Authorization header only.';
    if (entered) return fail(saw, `${advice} This one may stand in a log now: replace it.`);
    if (standingOf(reply) === 'limited') return skipLimited(saw);
    return namesError(reply) && site.challenge?.parameters.get('error') === undefined
      ? warn(`${saw}: it says that the token in the query is not valid, so it reads it`, advice)
      : pass(saw);
  },
};

function inQuery(draft: Draft, token: string): Draft {
  const joined = draft.target.includes('?') ? '&' : '?';
  return {
    ...draft,
    target: `${draft.target}${joined}access_token=${encodeURIComponent(token)}`,
  };
}
