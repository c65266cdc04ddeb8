import type { Era } from '../core/revision.ts';
import { createDraft, REVISIONS } from './draft.ts';
import { pass, skip, skipLimited, warn, type Outcome } from './probe.ts';
import type { Draft, Reply } from './reply.ts';
import type { Site } from './site.ts';
import { describeReply, standingOf } from './standing.ts';
import type { Caller } from './survey.ts';

/** One request, and by whom. */
export interface Attempt {
  readonly era: Era;
  readonly by: 'stranger' | 'holder';
  readonly reply: Reply;
}

interface Honest {
  /** The method; without it one that has no effect. */
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly eras?: readonly Era[];
  readonly by?: readonly Attempt['by'][];
}

/** The caller whose token is accepted; null where there is none. */
export function holderOf({ holder }: Site): Caller | null {
  return holder !== null && holder.eras.length > 0 ? holder : null;
}

/** Sends an honest request after `change`, in each era, as a stranger and with the token. */
export async function attempt(
  site: Site,
  change: (draft: Draft, era: Era) => Draft,
  { method, params = {}, eras = site.eras, by = ['stranger', 'holder'] }: Honest = {},
): Promise<readonly Attempt[]> {
  const attempts: Attempt[] = [];
  for (const each of by) {
    const caller = each === 'holder' ? holderOf(site) : site.stranger;
    if (caller === null) continue;
    for (const era of eras) {
      const asked = { era, method: method ?? site.harmless[era], params };
      const draft = createDraft(site.url, { ...asked, token: caller.token, session: caller.session });
      attempts.push({ era, by: each, reply: await site.send(change(draft, era)) });
    }
  }
  return attempts;
}

/** Judges requests that ought to be refused; `served` says what it means when one was not. */
export function judgeAttempts(
  site: Site,
  attempts: readonly Attempt[],
  served: (saw: string, by: Attempt['by']) => Outcome,
): Outcome {
  const saw = describeAttempts(attempts);
  const telling = attempts.filter((each) => !isRefusedAnyway(site, each));
  const by = (standing: string) => telling.filter(({ reply }) => standingOf(reply) === standing);
  const got = by('served');
  if (got.length > 0) return served(saw, got.some((each) => each.by === 'stranger') ? 'stranger' : 'holder');
  if (by('broken').length > 0) return warn(saw, BROKEN);
  if (by('silent').length > 0)
    return warn(saw, 'Refuse at once what is not well formed, instead of leaving the caller to wait.');
  if (by('refused').length + by('closed').length > 0) return pass(saw);
  if (by('gone').length > 0) return skip(saw);
  if (by('limited').length > 0) return skipLimited(saw);
  return holderOf(site) === null ? needsToken(site, saw) : pass(saw);
}

/** Whether the caller gets the same answer to an honest request, so that nothing of the lie shows. */
export function isRefusedAnyway({ eras, strangerList, holderList }: Site, { era, by, reply }: Attempt): boolean {
  if (standingOf(reply) === 'identity') return true;
  const honest = (by === 'stranger' ? strangerList : holderList)[eras.indexOf(era)];
  if (honest === undefined || standingOf(honest) === 'served') return false;
  return describeReply(honest) === describeReply(reply);
}

const BROKEN = 'Answer with 400 what the caller did wrong; a 5xx looks like an outage, and hides one.';

/** For what only shows behind the door. */
export function needsToken(site: Site, saw: string): Outcome {
  const why =
    site.token === null ? 'a token is needed to see more (--token-file)' : 'the token that was given is no help';
  return skip(`${saw}; ${why}`);
}

/** `401 without a token; with it 400 (-32020)`; each revision by itself where they differ. */
export function describeAttempts(attempts: readonly Attempt[]): string {
  const holders = attempts.filter(({ by }) => by === 'holder');
  const strangers = attempts.filter(({ by }) => by === 'stranger');
  if (holders.length === 0) return describeEras(strangers);
  if (strangers.length === 0) return describeEras(holders);
  const [without, withIt] = [describeEras(strangers), describeEras(holders)];
  return without === withIt ? `${without}, with and without a token` : `${without} without a token; with it ${withIt}`;
}

function describeEras(attempts: readonly Attempt[]): string {
  const texts = new Set(attempts.map(({ reply }) => describeReply(reply)));
  if (texts.size <= 1) return [...texts].join('');
  return attempts.map(({ era, reply }) => `${describeReply(reply)} in ${REVISIONS[era]}`).join(' and ');
}
