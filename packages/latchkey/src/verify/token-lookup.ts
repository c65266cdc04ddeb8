import { judgeHolder, judgeSpan, readClaims, type Holder } from '../core/claims.ts';
import type { IssuerRules } from '../core/issuer.ts';
import { LONGEST_TOKEN, reject, type Rejection, type Verdict } from '../core/verifier.ts';
import { findForeignMark } from './jwt/judge-kind.ts';
import { isJose } from './jwt/parse-token.ts';
import { digestOf } from './mint.ts';
import { createAnswers, isRejection } from './token-lookup/answers.ts';
import { createQuestion, type AskedIssuer, type Said } from './token-lookup/ask-issuer.ts';
import { createWatch, type AskingVerifier } from './token-lookup/watch.ts';

export interface LookupOptions {
  readonly rules: IssuerRules;
  readonly asked: AskedIssuer;
  /** What the issuer's opaque tokens begin with; none: it is asked about every token that nobody else knows by its look. */
  readonly prefixes: readonly string[];
  /** What tokens of others begin with: they are never sent to this issuer. */
  readonly foreignPrefixes: readonly string[];
  /** Canonical URL of a server by its name. */
  readonly resourcesOf: (server: string) => readonly string[];
  /** How many accepted tokens are remembered. Default 10,000. */
  readonly cacheSize?: number;
}

/** A token that was good when the issuer was asked; the moment and the resource are still to be judged. */
interface Known {
  readonly kind: 'known';
  readonly holder: Holder;
  readonly accept: Verdict;
}

/** Revocation at the issuer shows within this time. */
export const KEEP_MS = 60_000;

const SKIP: Verdict = { kind: 'skip' };

/**
 * Verifies opaque tokens by asking their issuer (RFC 7662, a product's own token check, or the user-info endpoint). What
 * it says is judged like the claims of a JWT, and taken for a minute at most; then the answer comes without a promise.
 */
export function createLookupVerifier(options: LookupOptions): AskingVerifier {
  const { rules, asked, prefixes, foreignPrefixes, resourcesOf } = options;
  const isTheirs = (text: string): boolean =>
    !isJose(text, 3) && (prefixes.length > 0 ? begins(text, prefixes) : !begins(text, foreignPrefixes));
  const ask = createQuestion(asked);
  const answers = createAnswers<Known>({
    async ask(token, now) {
      const known = toKnown(await ask(token, now), { rules, by: asked.by, now });
      if (!isRejection(known)) watch.note(known.holder.principal, token);
      return known;
    },
    keepMs: KEEP_MS,
    endOf: ({ holder }) => holder.expiresAt,
    ...(options.cacheSize === undefined ? {} : { cacheSize: options.cacheSize }),
  });

  const watch = createWatch(answers);

  const judge = (answer: Known | Rejection, server: string, now: number): Verdict => {
    if (isRejection(answer)) return answer;
    return judgeHolder(answer.holder, { rules, resources: resourcesOf(server), now }) ?? answer.accept;
  };

  return {
    name: `token-lookup:${rules.name}`,
    endOf: watch.endOf,
    verify({ scheme, secret, suspect }, server, now) {
      const text = secret.reveal();
      if (scheme === 'api-key' || text.length > LONGEST_TOKEN || !isTheirs(text)) return SKIP;
      const digest = digestOf(text);
      const known = answers.peek(digest, now);
      return known === undefined
        ? answers.get(text, digest, now, suspect).then((answer) => judge(answer, server, now))
        : judge(known, server, now);
    },
  };
}

function begins(text: string, starts: readonly string[]): boolean {
  return starts.some((start) => text.startsWith(start));
}

interface Reading {
  readonly rules: IssuerRules;
  readonly by: AskedIssuer['by'];
  readonly now: number;
}

function toKnown(said: Said | Rejection, { rules, by, now }: Reading): Known | Rejection {
  if (isRejection(said)) return said;
  const { claims } = said;
  // Also refresh and ID tokens are active.
  // What is of nobody is refused as that; without an issuer it would pass for one by its own subject.
  const mark = claims['sub'] === undefined ? null : findForeignMark(claims, 'at+jwt', rules);
  if (mark !== null) return reject('credential-claims', `${mark} shows that it is no access token`);
  // RFC 6749 §10.16: who has a token of Alice's is not Alice, unless it was given to a client that is trusted here.
  if (by === 'userinfo' && typeof claims['client_id'] !== 'string')
    return reject('credential-client', 'the issuer does not say which client it was given to');
  const kind = by === 'userinfo' ? 'userinfo' : 'introspected';
  const holder = readClaims(claims, { rules, kind, now, digest: digestOf });
  if (holder.kind === 'reject') return holder;
  // One that begins later is known until then.
  const ended = judgeSpan({ ...holder, notBefore: null }, now);
  return ended ?? { kind: 'known', holder, accept: { kind: 'accept', principal: holder.principal } };
}
