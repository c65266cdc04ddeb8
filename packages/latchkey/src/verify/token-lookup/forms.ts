/** How issuers are asked about a token, and where their answers say what claims say. Never with the token in a URL. */

import type { Claims } from '../../core/claims.ts';
import type { AuthenticateClient } from '../../core/issuer.ts';
import type { OutgoingAnswer, OutgoingRequest } from '../../core/outgoing.ts';

export interface Question {
  readonly token: string;
  readonly url: string;
  readonly issuer: string;
  /** Id of this gateway as a client of the issuer; null where it is none. */
  readonly client: string | null;
  readonly authenticate: AuthenticateClient;
  readonly now: number;
}

export interface LookupForm {
  toRequest(question: Question): Promise<OutgoingRequest>;
  /** Statuses that say of the token that it is no good. */
  readonly refusals: readonly number[];
  /** Members that no other member of the answer may be taken for. */
  readonly names: readonly string[];
  /** The answer in the words of JWT claims; null when it says that the token is not active. */
  toClaims(answer: Claims, headers: OutgoingAnswer['headers']): Claims | null;
}

const FORM = ['content-type', 'application/x-www-form-urlencoded'];
const GITHUB = [
  'accept',
  'application/vnd.github+json',
  'x-github-api-version',
  '2022-11-28',
  'user-agent',
  'latchkey',
];

/** RFC 7662 §2. */
const introspection: LookupForm = {
  async toRequest({ token, url, issuer, authenticate, now }) {
    const form = new URLSearchParams({ token, token_type_hint: 'access_token' });
    const headers = await authenticate(form, { issuer, endpoint: url, now });
    return { method: 'POST', url, headers: [...FORM, ...headers], body: form.toString() };
  },
  refusals: [],
  names: ['active', 'iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'cnf', 'token_type'],
  toClaims: (answer) => (answer['active'] === true ? answer : null),
};

/** GitHub's check of a token of an OAuth app or GitHub app: `POST /applications/{client_id}/token` of its REST API. */
const githubCheck: LookupForm = {
  async toRequest({ token, url, issuer, client, authenticate, now }) {
    const endpoint = `${url}/${encodeURIComponent(client ?? '')}/token`;
    const proof = await authenticate(new URLSearchParams(), { issuer, endpoint, now });
    const headers = ['content-type', 'application/json', ...GITHUB, ...proof];
    return { method: 'POST', url: endpoint, headers, body: JSON.stringify({ access_token: token }) };
  },
  refusals: [404],
  names: [],
  toClaims(answer) {
    const { user, app, scopes, expires_at: end } = answer;
    const client = memberOf(app, 'client_id');
    return {
      ...toGithubUser(user),
      // Its tokens are for GitHub whoever uses them: the app that they were given to is all that can be held against.
      aud: client,
      client_id: client,
      scope: scopes,
      ...(end === null || end === undefined ? {} : { exp: Date.parse(String(end)) / 1000 }),
    };
  },
};

/** What Google says of an access token. Numbers come as text. */
const googleCheck: LookupForm = {
  // As Google's own client library asks: with the token in the header of a form that is empty.
  toRequest: async ({ token, url }) => ({ method: 'POST', url, headers: [...FORM, ...bearer(token)], body: '' }),
  refusals: [400, 401],
  names: ['sub', 'aud', 'azp', 'exp'],
  toClaims: ({ sub, aud, azp, exp, scope, email, email_verified: verified }) => ({
    sub,
    // Without it nothing may stand in for it.
    aud: aud ?? null,
    client_id: azp,
    exp: typeof exp === 'string' && /^\d{1,11}$/.test(exp) ? Number(exp) : null,
    scope,
    email,
    email_verified: verified,
  }),
};

/** OpenID Connect Core 1.0 §5.3. Few issuers say which client the token was given to, and others cannot be used. */
const userinfo: LookupForm = {
  toRequest: async ({ token, url }) => ({ method: 'GET', url, headers: bearer(token) }),
  refusals: [401, 403],
  names: ['iss', 'sub', 'aud', 'client_id', 'azp'],
  toClaims(answer) {
    const client = findClient(answer);
    return { ...answer, client_id: client, azp: client, aud: answer['aud'] ?? client };
  },
};

/** GitHub's user; which app asked, and for what, is in the headers. */
const githubUser: LookupForm = {
  toRequest: async ({ token, url }) => ({ method: 'GET', url, headers: [...GITHUB, ...bearer(token)] }),
  refusals: [401, 403],
  names: [],
  toClaims(answer, headers) {
    const client = headers['x-oauth-client-id'];
    return { ...toGithubUser(answer), aud: client, client_id: client, scope: headers['x-oauth-scopes']?.split(/, */) };
  },
};

export const FORMS = {
  introspection: { rfc7662: introspection, github: githubCheck, google: googleCheck },
  userinfo: { rfc7662: userinfo, github: githubUser, google: userinfo },
} as const;

/** The one client that the answer names, however it calls it; undefined where it names none or two. */
function findClient({ client_id: id, azp, aud }: Claims): unknown {
  const named = new Set<unknown>([id, azp].filter((each) => each !== undefined));
  if (named.size === 0) for (const audience of [aud].flat()) named.add(audience);
  return named.size === 1 ? [...named][0] : undefined;
}

function bearer(token: string): readonly string[] {
  return ['authorization', `Bearer ${token}`];
}

/** Logins can be given up and taken by others; the number stays. */
function toGithubUser(user: unknown): Claims {
  const id = memberOf(user, 'id');
  return { sub: Number.isSafeInteger(id) ? String(id) : undefined, login: memberOf(user, 'login') };
}

function memberOf(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null && Object.hasOwn(object, name)
    ? (object as Record<string, unknown>)[name]
    : undefined;
}
