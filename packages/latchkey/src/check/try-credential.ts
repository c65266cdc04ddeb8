import { parseChallenges } from './challenge.ts';
import { withHeader } from './draft.ts';
import { knock } from './knock.ts';
import { fail, pass, skip, skipLimited, warn, type Outcome } from './probe.ts';
import { headersOf, type Reply } from './reply.ts';
import type { Site } from './site.ts';
import { describeReply, standingOf } from './standing.ts';

/** What is said where every request is served: no credential can be a bad one there. */
export const OPEN = 'it asks nobody for a token';

/** Sends a credential that is not valid in the Authorization header. It ought to be answered with 401. */
export async function tryCredential(site: Site, authorization: string): Promise<Outcome> {
  if (site.open) return skip(OPEN);
  const { reply, entered } = await knock(site, (draft) => withHeader(draft, 'Authorization', authorization));
  const saw = describeReply(reply);
  if (entered) return fail(saw, 'Verify each token before anything else; refuse with 401 what is not valid.');
  switch (standingOf(reply)) {
    case 'identity':
      return pass(namesError(reply) ? `${saw}, invalid_token` : saw);
    case 'broken':
      return warn(saw, 'A credential that cannot be read is the caller’s mistake: answer 401, not 5xx.');
    case 'silent':
      return warn(saw, 'Answer 401 at once.');
    case 'limited':
      return skipLimited(saw);
    case 'gone':
      return skip(saw);
    default:
      return pass(saw);
  }
}

/** Whether the challenge says that the token was the matter (RFC 6750 §3.1). */
export function namesError(reply: Reply): boolean {
  return (
    reply.kind === 'answer' &&
    parseChallenges(headersOf(reply, 'www-authenticate')).some(
      ({ parameters }) => parameters.get('error') === 'invalid_token',
    )
  );
}
