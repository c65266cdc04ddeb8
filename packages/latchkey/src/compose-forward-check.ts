import type { Config, ServerConfig } from './config/config.ts';
import { LatchkeyError } from './core/error.ts';
import { findObstacles } from './lock/forward-guard.ts';

type ForwardAuth = NonNullable<Config['forwardAuth']>;

/** Throws a LatchkeyError where a configuration promises what whoever sees headers only cannot keep. */
export function checkForwardAuth(config: Config): { readonly proxy: ForwardAuth; readonly publicUrl: URL } {
  const { forwardAuth, publicUrl, auth } = config;
  if (forwardAuth === null)
    throw new LatchkeyError('E_FORWARD_AUTH', 'There is no proxy to answer.', {
      hint: 'name it: `--proxy nginx`, or forwardAuth: {proxy: nginx} in latchkey.yaml',
    });
  if (publicUrl === null)
    throw new LatchkeyError('E_PUBLIC_URL', 'The URL that clients reach the proxy by is not known.', {
      hint: 'set publicUrl (LATCHKEY_PUBLIC_URL, --public-url), for example https://mcp.example.com',
    });
  if (!auth.enabled)
    throw new LatchkeyError('E_AUTH_OFF', 'Authentication is off, so there is nothing to ask.', {
      hint: 'turn auth on, or leave the proxy to itself',
    });
  const obstacles = [
    ...config.servers.flatMap((server) => findServerObstacles(server, forwardAuth)),
    ...auth.issuers
      .filter(({ proxy }) => proxy !== null)
      .map(({ name }) => `auth.issuers.${name}.authorizationProxy: clients sign in through \`latchkey run\` only`),
  ];
  if (obstacles.length > 0)
    throw new LatchkeyError('E_FORWARD_AUTH', `Headers alone cannot keep this: ${obstacles.join('; ')}.`, {
      hint: 'remove it, or let `latchkey run` stand between the proxy and the server (docs/forward-auth.md)',
    });
  return { proxy: forwardAuth, publicUrl: new URL(publicUrl) };
}

function findServerObstacles(server: ServerConfig, { bodyChecked, scopes }: ForwardAuth): readonly string[] {
  const { name, policy, protocol, pin } = server;
  const found = [
    ...findObstacles(policy, { bodyChecked: bodyChecked || scopes !== null }),
    ...(policy.empty || scopes === null ? [] : ['rules, and forwardAuth.scopes in place of them']),
    ...(policy.empty || protocol !== 'legacy' ? [] : ['rules, and protocol: legacy, which has no headers to judge']),
    ...(pin === 'off' ? [] : [`pin: ${pin}, which looks at lists`]),
  ];
  return found.map((each) => `${name}: ${each}`);
}
