import { createDraft, withHeader } from './draft.ts';
import { fail, pass, skip, warn, type Outcome } from './probe.ts';
import type { Answer } from './reply.ts';
import { headersOf } from './reply.ts';
import { parseChallenges } from './challenge.ts';
import type { Site } from './site.ts';
import { describeReply, reachedTools, standingOf } from './standing.ts';

/** What is said where every request is served: no credential can be a bad one there. */
export const OPEN = 'it asks nobody for a token';

/** Sends a credential that is not valid in the Authorization header. It ought to be answered with 401. */
export async function tryCredential(site: Site, authorization: string): Promise<Outcome> {
  if (site.open) return skip(OPEN);
  const [era = 'modern'] = site.eras;
  const draft = createDraft(site.url, { era, method: site.harmless[era], token: null, session: site.stranger.session });
  const reply = await site.send(withHeader(draft, 'Authorization', authorization));
  const saw = describeReply(reply);
  const advice = 'Answer 401 with error="invalid_token": at that, clients get a new token.';
  switch (standingOf(reply)) {
    case 'served':
      return fail(saw, 'Verify each token before anything else; refuse with 401 what is not valid.');
    case 'identity':
      return pass(namesError(reply as Answer) ? `${saw}, invalid_token` : saw);
    case 'broken':
      return warn(saw, 'A credential that cannot be read is the caller’s mistake: answer 401, not 5xx.');
    case 'limited':
      return skip(`${saw}: it asks to wait; try again later`);
    case 'gone':
      return skip(saw);
    case 'silent':
      return warn(saw, advice);
    default:
      return reachedTools(reply) ? fail(saw, 'Verify each token before anything else.') : pass(saw);
  }
}

/** Whether the challenge says that the token was the matter (RFC 6750 §3.1). */
export function namesError(answer: Answer): boolean {
  return parseChallenges(headersOf(answer, 'www-authenticate')).some(
    ({ parameters }) => parameters.get('error') === 'invalid_token',
  );
}
