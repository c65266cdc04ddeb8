import type { ScopeMapping } from '../../core/issuer.ts';
import { EVERY_SCOPE } from '../../core/principal.ts';
import type { Config } from '../config.ts';

/** A line for each issuer whose tokens are taken and may then use nothing; what works, and is hardly meant. */
export function warnOfIssuers({ auth, servers }: Pick<Config, 'auth' | 'servers'>): readonly string[] {
  if (!servers.every(({ policy }) => policy.empty)) return [];
  // Without rules only who has every scope may use anything.
  return auth.issuers
    .filter(({ scopes }) => !givenBy(scopes).includes(EVERY_SCOPE))
    .map(({ name }) => `auth.issuers.${name}: ${NOTHING}; add tools: or auth.issuers.${name}.scopes.always`);
}

const NOTHING = 'its tokens may use nothing, since there are no rules';

function givenBy({ always, table }: ScopeMapping): readonly string[] {
  return [...always, ...Object.values(table).flatMap((values) => Object.values(values).flat())];
}
