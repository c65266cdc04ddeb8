import { PRESETS } from './issuers/presets.ts';
import type { IssuerPreset } from './issuers/preset.ts';
import { invalid, type Problem } from './problem.ts';
import type { Settings } from './schema.ts';
import type { Path } from './yaml-document.ts';

type Auth = Pick<Settings['auth'], 'issuers' | 'keys'> & {
  readonly tokens: Pick<Settings['auth']['tokens'], 'prefix'>;
};
type Where = (...path: Path) => string;

/** An issuer that is asked about opaque tokens. */
interface Asked {
  readonly name: string;
  /** What its tokens begin with; none: anything. */
  readonly prefixes: readonly string[];
}

/** Who is asked about which opaque tokens: none may be shown to an issuer that did not make it. */
export function checkLookups({ auth }: { readonly auth: Auth }, where: Where): Problem[] {
  const asked = findAsked(auth);
  return [...checkAnyToken(asked, where), ...checkPrefixes(asked, auth, where)];
}

function findAsked({ issuers }: Auth): readonly Asked[] {
  return Object.entries(issuers)
    .filter(([, { introspection, userinfo }]) => introspection !== false || userinfo !== undefined)
    .map(([name, { preset, tokenPrefixes }]) => {
      const known: IssuerPreset = PRESETS[preset ?? 'oidc'];
      return { name, prefixes: tokenPrefixes ?? known.tokenPrefixes ?? [] };
    });
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
  const taken = [tokens.prefix, keys.prefix].map((prefix) => ({ prefix, owner: 'this gateway' }));
  const problems: Problem[] = [];
  for (const { name, prefixes } of asked) {
    for (const prefix of prefixes) {
      const other = taken.find((one) => one.prefix.startsWith(prefix) || prefix.startsWith(one.prefix));
      if (other !== undefined && other.owner !== name) {
        const place = where('auth', 'issuers', name, 'tokenPrefixes');
        problems.push(invalid(place, `tokens that begin with ${prefix} could be of ${other.owner}`));
      }
      taken.push({ prefix, owner: name });
    }
  }
  return problems;
}
