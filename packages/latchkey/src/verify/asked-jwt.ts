import { reject, type Rejection, type Verdict, type Verifier } from '../core/verifier.ts';
import { findForeignMark } from './jwt/judge-kind.ts';
import { digestOf } from './mint.ts';
import { createAnswers, isRejection, type Answers } from './token-lookup/answers.ts';
import { createWatch, type AskingVerifier, type Watch } from './token-lookup/watch.ts';
import { createQuestion, type AskedIssuer, type Said } from './token-lookup/ask-issuer.ts';

interface Active {
  readonly kind: 'active';
}

const ACTIVE: Active = { kind: 'active' };

/**
 * Asks the issuer about JWTs that `jwt` accepts, so that one that was revoked there ends within `keepMs`. What the token
 * gives is what it says itself. The issuer is the one that signed it, and no other is asked.
 */
export function createAskedJwtVerifier(jwt: Verifier, asked: readonly AskedIssuer[], keepMs: number): AskingVerifier {
  const byIssuer = new Map(asked.map((each) => [each.issuer, createActivity(each, keepMs)]));

  const confirm = (verdict: Verdict, token: string, now: number): Verdict | Promise<Verdict> => {
    if (verdict.kind !== 'accept') return verdict;
    const activity = byIssuer.get(verdict.principal.issuer ?? '');
    if (activity === undefined) throw new TypeError('A JWT was accepted that its issuer cannot be asked about');
    activity.watch.note(verdict.principal, token);
    const digest = digestOf(token);
    const known = activity.answers.peek(digest, now);
    return known === undefined
      ? activity.answers.get(token, digest, now).then((answer) => (isRejection(answer) ? answer : verdict))
      : isRejection(known)
        ? known
        : verdict;
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

interface Activity {
  readonly answers: Answers<Active>;
  readonly watch: Watch;
}

function createActivity(asked: AskedIssuer, keepMs: number): Activity {
  const ask = createQuestion(asked);
  const answers = createAnswers<Active>({ ask: async (token, now) => toActive(await ask(token, now), asked), keepMs });
  return { answers, watch: createWatch(answers) };
}

/** Issuers say less of a JWT than it says itself, but nothing else. */
function toActive(said: Said | Rejection, { issuer }: AskedIssuer): Active | Rejection {
  if (isRejection(said)) return said;
  const { claims } = said;
  const wrong =
    claims['iss'] === undefined || claims['iss'] === issuer
      ? findForeignMark({ ...claims, iss: issuer }, 'at+jwt', { issuer, audiences: null })
      : 'iss';
  if (wrong === null) return ACTIVE;
  return reject('credential-claims', `${wrong} of what its issuer says does not fit`);
}
