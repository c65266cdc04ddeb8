import { OutgoingError } from '../../core/outgoing.ts';
import type { Rejection } from '../../core/verifier.ts';

export interface AnswersOptions<Known> {
  /** Asks about one token. Rejects with an OutgoingError while there is no answer. */
  readonly ask: (token: string, now: number) => Promise<Known | Rejection>;
  /** How long an answer is taken, milliseconds from when it was asked for. */
  readonly keepMs: number;
  /** When the token ends by what was answered, epoch milliseconds: no answer is taken after that (RFC 7662 §4). */
  readonly endOf: (known: Known) => number | null;
  /** How many tokens that are good are remembered. Default 10,000. */
  readonly cacheSize?: number;
  /** How many questions are open at a time; the callers of others are turned away at once. Default 32. */
  readonly openQuestions?: number;
}

/** What an issuer said about tokens, by their digests. */
export interface Answers<Known> {
  /** What is known without asking. */
  peek(digest: string, now: number): Known | Rejection | undefined;
  /**
   * Asks, or joins whoever is asking about the same token. Of questions about suspects fewer may be open. Never rejects but
   * for a mistake of ours.
   */
  get(token: string, digest: string, now: number, suspect?: boolean): Promise<Known | Rejection>;
}

/** A token that is no good is asked about again after this: it may not have been known everywhere yet. */
const KEEP_REFUSED_MS = 10_000;
const KEEP_FAILED_MS = 1000;
const REFUSED_SIZE = 1000;
/** Who guesses could otherwise keep all others waiting; none at all would lock out their neighbours. */
const QUESTIONS_OF_SUSPECTS = 4;

const BUSY: Rejection = {
  kind: 'reject',
  reason: 'issuer-unavailable',
  detail: 'too many questions to the issuer are open',
};

/** Remembers answers for a bounded time and asks about each token once at a time, of all tokens about a bounded number. */
export function createAnswers<Known extends { readonly kind: string }>(asking: AnswersOptions<Known>): Answers<Known> {
  const { ask, keepMs, endOf, cacheSize = 10_000, openQuestions = 32 } = asking;
  const good = createMemory<Known>(cacheSize);
  // Apart, so that nobody can push good ones out by guessing.
  const bad = createMemory<Rejection>(REFUSED_SIZE);
  const open = new Map<string, Promise<Known | Rejection>>();
  let openOfSuspects = 0;

  const learn = async (token: string, digest: string, now: number): Promise<Known | Rejection> => {
    const answer = await ask(token, now).catch(toRejection);
    if (!isRejection(answer)) {
      bad.remove(digest);
      good.add(digest, answer, now, Math.min(keepMs, (endOf(answer) ?? Infinity) - now));
      return answer;
    }
    // No answer says nothing about what was answered before, which still holds or was out of date anyway.
    if (answer.reason !== 'issuer-unavailable') good.remove(digest);
    bad.add(digest, answer, now, answer.reason === 'issuer-unavailable' ? KEEP_FAILED_MS : KEEP_REFUSED_MS);
    return answer;
  };

  return {
    peek: (digest, now) => good.get(digest, now) ?? bad.get(digest, now),
    get(token, digest, now, suspect = false) {
      const asked = open.get(digest);
      if (asked !== undefined) return asked;
      if (open.size >= openQuestions || (suspect && openOfSuspects >= QUESTIONS_OF_SUSPECTS))
        return Promise.resolve(BUSY);
      if (suspect) openOfSuspects += 1;
      const question = learn(token, digest, now).finally(() => {
        open.delete(digest);
        if (suspect) openOfSuspects -= 1;
      });
      open.set(digest, question);
      return question;
    },
  };
}

function toRejection(error: unknown): Rejection {
  if (!(error instanceof OutgoingError)) throw error;
  return { kind: 'reject', reason: 'issuer-unavailable', detail: error.message };
}

export function isRejection(answer: { readonly kind: string }): answer is Rejection {
  return answer.kind === 'reject';
}

/** The newest values by their keys, each for its time. A clock that is set back by more than that time ends them too. */
function createMemory<Value>(size: number) {
  const entries = new Map<string, { readonly value: Value; readonly at: number; readonly keepMs: number }>();
  return {
    get(key: string, now: number): Value | undefined {
      const entry = entries.get(key);
      return entry !== undefined && Math.abs(now - entry.at) < entry.keepMs ? entry.value : undefined;
    },
    add(key: string, value: Value, at: number, keepMs: number): void {
      entries.delete(key);
      if (entries.size >= size) entries.delete(entries.keys().next().value as string);
      entries.set(key, { value, at, keepMs });
    },
    remove: (key: string): void => void entries.delete(key),
  };
}
