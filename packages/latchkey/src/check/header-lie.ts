import { attempt, describeAttempts, holderOf, isRefusedAnyway, needsToken, type Attempt } from './attempts.ts';
import { NO_TOOL } from './draft.ts';
import { pass, skip, type Outcome } from './probe.ts';
import type { Draft } from './reply.ts';
import type { Site } from './site.ts';
import { describeReply, errorOf, standingOf } from './standing.ts';

const HEADER_MISMATCH = -32_020;

interface Lie {
  /** `tools/call` of a tool that does not exist; without it a request without effect. */
  readonly call?: true;
  readonly change: (draft: Draft) => Draft;
  /** The code that the refusal should have. */
  readonly code?: number;
  /** Said where nobody noticed, or where the refusal is another one. */
  readonly unnoticed: (saw: string) => Outcome;
}

/**
 * Tells a lie in the headers of 2026-07-28. It counts as noticed when it is refused, and otherwise than the honest
 * request is: a tool that does not exist is refused anyway.
 */
export async function tryHeaderLie(site: Site, lie: Lie): Promise<Outcome> {
  if (!site.eras.includes('modern')) return skip('it does not speak 2026-07-28');
  const { code = HEADER_MISMATCH, change, unnoticed } = lie;
  const honest = {
    eras: ['modern'] as const,
    ...(lie.call ? { method: 'tools/call', params: { name: NO_TOOL, arguments: {} } } : {}),
  };
  const attempts = await attempt(site, change, honest);
  const saw = describeAttempts(attempts);
  const plain = await attempt(site, (draft) => draft, honest);
  if ([...attempts, ...plain].some(({ reply }) => standingOf(reply) === 'gone'))
    return skip('the server is not there any more');
  const judged = attempts.filter((each) => standingOf(each.reply) !== 'limited' && !isRefusedAnyway(site, each));
  if (judged.length === 0) return holderOf(site) === null ? needsToken(site, saw) : pass(saw);
  if (judged.every((each) => isForbidden(each, plain)))
    return skip(`${saw}: the honest call is refused as well, so this must be tried at the server behind the rules`);
  return judged.every((each) => isNoticed(each, plain, code)) ? pass(saw) : unnoticed(saw);
}

/** Whether rules refuse the honest call alike: then nobody came to the point of comparing. */
function isForbidden({ reply, by }: Attempt, honest: readonly Attempt[]): boolean {
  const plain = honest.find((each) => each.by === by)?.reply;
  if (reply.kind !== 'answer' || plain?.kind !== 'answer') return false;
  return plain.status === 403 && describeReply(plain) === describeReply(reply);
}

function isNoticed({ reply, by }: Attempt, honest: readonly Attempt[], code: number): boolean {
  if (reply.kind === 'answer' && errorOf(reply)?.code === code) return true;
  if (standingOf(reply) !== 'refused' && standingOf(reply) !== 'closed') return false;
  const plain = honest.find((each) => each.by === by)?.reply;
  return plain === undefined || describeReply(plain) !== describeReply(reply);
}
