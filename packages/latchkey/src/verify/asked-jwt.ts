import { findBinding, findOddMoment, judgeSpan, toMoment } from '../core/claims.ts';
import type { IssuerRules } from '../core/issuer.ts';
import { reject, type Rejection, type Verdict, type Verifier } from '../core/verifier.ts';
import { findForeignMark } from './jwt/judge-kind.ts';
import { digestOf } from './mint.ts';
import { createAnswers, isRejection, type Answers } from './token-lookup/answers.ts';
import { createWatch, type AskingVerifier, type Watch } from './token-lookup/watch.ts';
import { createQuestion, type AskedIssuer, type Said } from './token-lookup/ask-issuer.ts';

/** An issuer that is asked about JWTs too, and what audiences they may be for. */
export type AskedAboutJwts = AskedIssuer & Pick<IssuerRules, 'audiences'>;

interface Active {
  readonly kind: 'active';
  /** Of the key that it is bound to by the issuer's word; null where it says nothing of that. */
  readonly keyThumbprint: string | null;
  /** Epoch milliseconds; null where it says nothing of that. */
  readonly expiresAt: number | null;
}

/**
 * Asks the issuer about JWTs that `jwt` accepts, so that one that was revoked there ends within `keepMs`. What the token
 * gives is what it says itself. The issuer is the one that signed it, and no other is asked.
 */
export function createAskedJwtVerifier(
  jwt: Verifier,
  asked: readonly AskedAboutJwts[],
  keepMs: number,
): AskingVerifier {
  const byIssuer = new Map(asked.map((each) => [each.issuer, createActivity(each, keepMs)]));

  const confirm = (verdict: Verdict, token: string, now: number): Verdict | Promise<Verdict> => {
    if (verdict.kind !== 'accept') return verdict;
    const activity = byIssuer.get(verdict.principal.issuer ?? '');
    if (activity === undefined) throw new TypeError('A JWT was accepted that its issuer cannot be asked about');
    activity.watch.note(verdict.principal, token);
    const digest = digestOf(token);
    const known = activity.answers.peek(digest, now);
    return known === undefined
      ? activity.answers.get(token, digest, now).then((answer) => join(verdict, answer))
      : join(verdict, known);
  };

  return {
    name: 'asked-jwt',
    endOf: (principal, now) => byIssuer.get(principal.issuer ?? '')?.watch.endOf(principal, now),
    verify(credential, server, now) {
      const token = credential.secret.reveal();
      const verdict = jwt.verify(credential, server, now);
      return verdict instanceof Promise
        ? verdict.then((settled) => confirm(settled, token, now))
        : confirm(verdict, token, now);
    },
  };
}

type Accepted = Extract<Verdict, { kind: 'accept' }>;

/** The verdict on what the token says, unless its issuer refuses it or binds it to another key. */
function join(verdict: Accepted, answer: Active | Rejection): Verdict {
  if (isRejection(answer)) return answer;
  const { keyThumbprint } = answer;
  return keyThumbprint === null || keyThumbprint === verdict.principal.keyThumbprint ? verdict : OTHERWISE_BOUND;
}

const OTHERWISE_BOUND = reject('credential-bound', 'its issuer says that it is bound to a key, and it does not say so');

interface Activity {
  readonly answers: Answers<Active>;
  readonly watch: Watch;
}

function createActivity(asked: AskedAboutJwts, keepMs: number): Activity {
  const ask = createQuestion(asked);
  const answers = createAnswers<Active>({
    ask: async (token, now) => toActive(await ask(token, now), asked, now),
    keepMs,
    endOf: ({ expiresAt }) => expiresAt,
  });
  return { answers, watch: createWatch(answers) };
}

/** Issuers say less of a JWT than it says itself, but nothing else. */
function toActive(said: Said | Rejection, { issuer, audiences }: AskedAboutJwts, now: number): Active | Rejection {
  if (isRejection(said)) return said;
  const { claims } = said;
  const keyThumbprint = findBinding(claims);
  const wrong =
    claims['iss'] === undefined || claims['iss'] === issuer
      ? findForeignMark({ ...claims, iss: issuer }, 'at+jwt', { issuer, audiences })
      : 'iss';
  const odd = wrong ?? findOddMoment(claims);
  if (odd !== undefined || keyThumbprint === undefined)
    return reject('credential-claims', `${odd ?? 'cnf'} of what its issuer says does not fit`);
  const span = { notBefore: toMoment(claims['nbf']), expiresAt: toMoment(claims['exp']) };
  return judgeSpan(span, now) ?? { kind: 'active', keyThumbprint, expiresAt: span.expiresAt };
}
