/** How parameters change on their way to an issuer. */
export interface Rewriting {
  readonly dropParameters: readonly string[];
  /** Take the place of what a client sends under these names. */
  readonly addParameters: Readonly<Record<string, string>>;
  /** Goes before each scope that is none of OpenID Connect's and has it not yet; '' for none. */
  readonly scopePrefix: string;
}

export interface BadParameters {
  readonly error: 'invalid_request';
  readonly description: string;
}

const LONGEST = 16 * 1024;
const MOST = 64;
const CONTROL = /[\u0000-\u001f\u007f]/;
const ENCODED = /^(?:[^%]|%[0-9a-f]{2})*$/i;

/**
 * Reads `application/x-www-form-urlencoded` text. What two programs could read in two ways is refused: a parameter that
 * comes twice (RFC 6749 §3.1; but `resource`, RFC 8707 §2), half an escape, bytes that are no UTF-8, control characters.
 */
export function readParameters(text: string): { readonly parameters: URLSearchParams } | BadParameters {
  if (text.length > LONGEST) return bad('The parameters are too long.');
  if (!ENCODED.test(text)) return bad('The parameters are not well encoded.');
  const parameters = new URLSearchParams(text);
  const seen = new Set<string>();
  for (const [name, value] of parameters) {
    if (CONTROL.test(name) || CONTROL.test(value) || `${name}${value}`.includes('\ufffd'))
      return bad('A parameter has a character that none may have.');
    if (seen.has(name) && name !== 'resource') return bad('A parameter comes twice.');
    seen.add(name);
  }
  return parameters.size > MOST ? bad('There are too many parameters.') : { parameters };
}

function bad(description: string): BadParameters {
  return { error: 'invalid_request', description };
}

// What clients send by OAuth 2.1, OpenID Connect Core 1.0, and the two products that need the proxy. Some issuers refuse
// a request with a name that they do not know.
const AUTHORIZE = [
  'response_type client_id redirect_uri scope state code_challenge code_challenge_method response_mode nonce prompt',
  'max_age display ui_locales acr_values login_hint claims resource',
  'access_type include_granted_scopes hd domain_hint',
];
const TOKEN = [
  'grant_type code redirect_uri client_id client_secret code_verifier refresh_token scope resource',
  'client_assertion client_assertion_type',
];
const KNOWN = { authorize: toNames(AUTHORIZE), token: toNames(TOKEN) };

function toNames(lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')));
}

const OPENID_SCOPES: ReadonlySet<string> = new Set([
  'openid',
  'profile',
  'email',
  'address',
  'phone',
  'offline_access',
]);

/** What goes to the issuer: [name, value] each. */
export function rewriteParameters(
  parameters: URLSearchParams,
  endpoint: 'authorize' | 'token',
  { dropParameters, addParameters, scopePrefix }: Rewriting,
): [string, string][] {
  const known = KNOWN[endpoint];
  // A refresh keeps what was granted, and a code is for what was asked; so only where a grant begins there is more to say.
  const begins = endpoint === 'authorize' || parameters.get('grant_type') === 'client_credentials';
  const added = begins ? addParameters : {};
  const kept = [...parameters].filter(
    ([name]) => known.has(name) && !dropParameters.includes(name) && !Object.hasOwn(added, name),
  );
  const named = kept.map(([name, value]): [string, string] => [
    name,
    name === 'scope' ? withPrefix(value, scopePrefix) : value,
  ]);
  return [...named, ...Object.entries(added)];
}

function withPrefix(scopes: string, prefix: string): string {
  if (prefix === '') return scopes;
  const toFull = (scope: string): string =>
    scope === '' || OPENID_SCOPES.has(scope) || scope.startsWith(prefix) ? scope : `${prefix}${scope}`;
  return scopes.split(' ').map(toFull).join(' ');
}
