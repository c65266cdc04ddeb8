import { isSafe } from '../core/outgoing.ts';
import { ISSUER_DEFAULTS, takesIdTokens } from '../core/issuer-settings.ts';
import type { IssuerPreset } from './issuers/preset.ts';
import { PRESETS } from './issuers/presets.ts';
import { invalid, type Problem } from './problem.ts';
import type { Settings } from './schema.ts';
import type { Path } from './yaml-document.ts';

type Given = Settings['auth']['issuers'][string];

/** One issuer, and where its keys are. */
interface Around {
  readonly name: string;
  readonly given: Given;
  readonly preset: IssuerPreset;
  at(...path: Path): string;
}

/** What of the issuers could never work, or would let in whom nobody meant. */
export function checkIssuers(
  { auth }: { readonly auth: Pick<Settings['auth'], 'issuers'> },
  where: (...path: Path) => string,
): Problem[] {
  const seen = new Map<string, string>();
  return Object.entries(auth.issuers).flatMap(([name, given]) => {
    const preset: IssuerPreset = PRESETS[given.preset ?? 'oidc'];
    const around = { name, given, preset, at: (...path: Path) => where('auth', 'issuers', name, ...path) };
    const issuer = given.issuer ?? preset.issuer;
    const twin = issuer === undefined ? undefined : seen.get(issuer);
    if (issuer !== undefined) seen.set(issuer, name);
    return [
      ...checkIdentifier(around, issuer),
      ...(twin === undefined
        ? []
        : [invalid(around.at(), `is the issuer of ${twin} again`, `put both into auth.issuers.${twin}`)]),
      ...checkNeeds(around),
      ...checkUrls(around),
      ...checkLookup(around),
      ...checkTypes(around),
      ...checkProxy(around),
    ];
  });
}

function checkIdentifier({ preset, at }: Around, issuer: string | undefined): Problem[] {
  if (issuer !== undefined) return [];
  return [invalid(at(), 'issuer is missing', `set issuer, for example ${preset.example}`)];
}

const NEEDS: Readonly<Record<NonNullable<IssuerPreset['needs']>[number], (given: Given) => string | null>> = {
  audience: ({ audience }) =>
    audience === undefined ? 'audience is missing: its tokens never name the URL of a server' : null,
  clients: ({ clients }) =>
    clients === undefined ? 'clients is missing: without it the tokens of every client there would be taken' : null,
  client: ({ client }) =>
    client?.secret === undefined ? 'client with id and secret is missing: nobody else is told about its tokens' : null,
  lookup: ({ introspection, userinfo }) =>
    introspection === false && userinfo === undefined ? 'its tokens are opaque: set introspection: true' : null,
};

function checkNeeds({ preset, given, at }: Around): Problem[] {
  return (preset.needs ?? []).flatMap((need) => {
    const missing = NEEDS[need](given);
    return missing === null ? [] : [invalid(at(), missing, pageOf(given))];
  });
}

function pageOf({ preset }: Given): string {
  return `see docs/issuers/${preset ?? 'oidc'}.md`;
}

/** Keys and verdicts that come in clear are whatever the network says. */
function checkUrls({ given, at }: Around): Problem[] {
  const { issuer, jwks, introspection, userinfo } = given;
  const urls: readonly (readonly [Path, string | undefined])[] = [
    [['issuer'], issuer],
    [['jwks', 'url'], jwks?.url],
    [['introspection', 'url'], typeof introspection === 'object' ? introspection.url : undefined],
    [['userinfo', 'url'], userinfo?.url],
  ];
  return urls.flatMap(([path, url]) =>
    url === undefined || isSafe(new URL(url))
      ? []
      : [invalid(at(...path), 'plain http would cross the network in clear', 'use https')],
  );
}

function checkLookup({ given, preset, at }: Around): Problem[] {
  const { introspection, userinfo, client, clients } = given;
  const problems: Problem[] = [];
  if (introspection !== false && userinfo !== undefined)
    problems.push(invalid(at('userinfo'), 'give either introspection or userinfo', 'introspection is the better one'));
  if (introspection !== false && client === undefined && preset.lookup !== 'google')
    problems.push(invalid(at('introspection'), 'needs client: an issuer tells its clients only', pageOf(given)));
  if (userinfo !== undefined && clients === undefined && preset.boundToClients !== true)
    problems.push(
      invalid(
        at('userinfo'),
        'needs clients: else the token of any client there would open this gateway',
        pageOf(given),
      ),
    );
  if (client !== undefined && client.auth !== 'none' && client.secret === undefined)
    problems.push(invalid(at('client'), `${client.auth} needs secret`, 'set client.secret, or client.auth: none'));
  return problems;
}

function checkTypes({ given, at }: Around): Problem[] {
  const { types = ISSUER_DEFAULTS.types, audience = [], require: required, clients = [], client, preset } = given;
  const audiences = [audience].flat();
  if (preset !== undefined || !takesIdTokens({ types, audiences, clients: [...clients, client?.id], required }))
    return [];
  return [
    invalid(
      at('types'),
      'ID tokens of the issuer would pass for access tokens: they are JWTs for a client that is an audience here',
      'leave types at at+jwt, or say in require what only access tokens have; see docs/issuers/oidc.md',
    ),
  ];
}

function checkProxy({ given, preset, at }: Around): Problem[] {
  const { authorizationProxy, scopes } = given;
  const proxied =
    authorizationProxy === 'on' || (authorizationProxy === 'auto' && (preset.dropParameters ?? []).length > 0);
  if (proxied || scopes.prefix === undefined) return [];
  return [
    invalid(
      at('scopes', 'prefix'),
      'is put in by the authorization proxy, which is off',
      'set authorizationProxy: on, or write the whole names of scopes in the rules',
    ),
  ];
}
