import type { Claims } from '../../core/claims.ts';
import type { AuthenticateClient, LoadMetadata } from '../../core/issuer.ts';
import { OutgoingError, type Outgoing, type OutgoingAnswer } from '../../core/outgoing.ts';
import { guardNames, parseStrict } from '../../core/parse-strict.ts';
import { reject, type Rejection } from '../../core/verifier.ts';
import { FORMS } from './forms.ts';

/** How one issuer is asked about tokens. */
export interface AskedIssuer {
  /** The issuer's name in the configuration, for what the operator is told. */
  readonly name: string;
  readonly issuer: string;
  readonly by: keyof typeof FORMS;
  readonly form: keyof (typeof FORMS)['introspection'];
  /** Null: as its metadata say. */
  readonly url: string | null;
  /** Id of this gateway as a client of the issuer; null where it is none. */
  readonly client: string | null;
  readonly authenticate: AuthenticateClient;
  readonly metadata: LoadMetadata;
  readonly outgoing: Outgoing;
}

/** What the issuer says of a token that it calls good. */
export interface Said {
  readonly kind: 'said';
  readonly claims: Claims;
}

/** Asks the issuer; resolves to claims that nobody has judged yet. Rejects with an OutgoingError without a usable answer. */
export function createQuestion(asked: AskedIssuer): (token: string, now: number) => Promise<Said | Rejection> {
  const { name, issuer, by, client, authenticate, outgoing } = asked;
  const form = FORMS[by][asked.form];
  const names = guardNames(form.names);
  return async (token, now) => {
    const url = asked.url ?? (await findEndpoint(asked, now));
    const request = await form.toRequest({ token, url, issuer, client, authenticate, now });
    const answer = await outgoing(request);
    const { host } = new URL(url);
    if (form.refusals.includes(answer.status))
      return reject('credential-unknown', `the issuer does not take it (status ${answer.status})`);
    if (answer.status === 401 || answer.status === 403)
      throw new OutgoingError(`${host}: it does not know us as its client; see auth.issuers.${name}.client`);
    if (answer.status !== 200) throw new OutgoingError(`${host}: no answer about a token (status ${answer.status})`);
    const claims = form.toClaims(readDocument(answer, names, host), answer.headers);
    return claims === null
      ? reject('credential-unknown', 'the issuer does not say that it is active')
      : { kind: 'said', claims };
  };
}

async function findEndpoint({ by, name, metadata }: AskedIssuer, now: number): Promise<string> {
  const { introspectionEndpoint, userinfoEndpoint } = await metadata(now);
  const endpoint = by === 'introspection' ? introspectionEndpoint : userinfoEndpoint;
  if (endpoint !== null) return endpoint;
  throw new OutgoingError(`its metadata do not say where to ask about tokens; set auth.issuers.${name}.${by}.url`);
}

function readDocument({ headers, body }: OutgoingAnswer, names: ReturnType<typeof guardNames>, host: string): Claims {
  if (!/^application\/json *(?:;|$)/i.test(headers['content-type'] ?? ''))
    throw new OutgoingError(`${host}: its answer about a token is not application/json`);
  const document = parseStrict(Buffer.from(body), names);
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document as Claims;
  throw new OutgoingError(`${host}: its answer about a token is not one unambiguous JSON object`);
}
