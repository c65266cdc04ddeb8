import { invalid, type Problem } from '../problem.ts';
import type { Settings } from '../schema.ts';
import type { Path } from '../yaml-document.ts';
import type { IssuerPreset } from './preset.ts';
import { PRESETS } from './presets.ts';

type Auth = Settings['auth'];
type Given = Auth['issuers'][string];
type Where = (...path: Path) => string;

interface Asked {
  readonly name: string;
  readonly prefixes: readonly string[];
}

/** Who is asked about opaque tokens: no token may reach an issuer that could not have made it. */
export function checkLookups(auth: Auth, where: Where): Problem[] {
  const problems: Problem[] = [];
  const asked: Asked[] = [];
  for (const [name, given] of Object.entries(auth.issuers)) {
    if (given.introspection === false && given.userinfo === undefined) continue;
    problems.push(...checkLookup(name, given, where));
    asked.push({ name, prefixes: given.tokenPrefixes ?? toPreset(given).tokenPrefixes ?? [] });
  }
  return [...problems, ...checkAnyToken(asked, where), ...checkPrefixes(asked, auth, where)];
}

function checkLookup(name: string, given: Given, where: Where): Problem[] {
  const at = (...path: Path): string => where('auth', 'issuers', name, ...path);
  const problems: Problem[] = [];
  const { introspection, userinfo, client, clients } = given;
  if (introspection !== false && userinfo !== undefined)
    problems.push(invalid(at('userinfo'), 'the issuer is asked by introspection, which says more', 'remove userinfo'));
  if (userinfo !== undefined && clients === undefined) {
    problems.push(
      invalid(
        at('userinfo'),
        'what a user-info endpoint says holds for tokens of every client of the issuer, also of others',
        'set clients: [CLIENT_ID, …] to those whose tokens are taken',
      ),
    );
  }
  if (introspection !== false && client === undefined)
    problems.push(
      invalid(
        at('introspection'),
        'the issuer answers its clients only, and this gateway is none yet',
        'set client: {id, secret}',
      ),
    );
  if (client !== undefined && client.auth !== 'none' && client.secret === undefined)
    problems.push(invalid(at('client'), `${client.auth} needs a secret`, 'set client.secret: {env: NAME}'));
  return problems;
}

function checkAnyToken(asked: readonly Asked[], where: Where): Problem[] {
  const [first, ...others] = asked.filter(({ prefixes }) => prefixes.length === 0);
  return others.map(({ name }) =>
    invalid(
      where('auth', 'issuers', name),
      `an opaque token could be of ${first?.name} or of ${name}, and would be shown to one that did not make it`,
      `set tokenPrefixes of ${first?.name} or of ${name} to what its tokens begin with`,
    ),
  );
}

function checkPrefixes(asked: readonly Asked[], { tokens, keys }: Auth, where: Where): Problem[] {
  const taken = [
    { prefix: tokens.prefix, owner: 'this gateway' },
    { prefix: keys.prefix, owner: 'this gateway' },
  ];
  const problems: Problem[] = [];
  for (const { name, prefixes } of asked) {
    for (const prefix of prefixes) {
      const other = taken.find((one) => one.prefix.startsWith(prefix) || prefix.startsWith(one.prefix));
      if (other !== undefined && other.owner !== name)
        problems.push(
          invalid(
            where('auth', 'issuers', name, 'tokenPrefixes'),
            `tokens that begin with ${prefix} could be of ${other.owner}`,
          ),
        );
      taken.push({ prefix, owner: name });
    }
  }
  return problems;
}

function toPreset({ preset }: Given): IssuerPreset {
  return preset === undefined ? {} : PRESETS[preset];
}
