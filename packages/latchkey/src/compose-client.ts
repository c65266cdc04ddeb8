import type { LiveSecrets } from './config/live-secrets.ts';
import type { SecretSource } from './config/secret-source.ts';
import type { AuthenticateClient, ClientCredentials } from './core/issuer.ts';
import type { Secret } from './core/secret.ts';
import { createClientAuthentication } from './oauth/client-authentication.ts';

type Client = Omit<ClientCredentials, 'secret'> & { readonly secret: SecretSource | Secret | null };

/**
 * The gateway's proof that it is this client, by the secret that `at` has now. Throws a LatchkeyError where that is missing
 * or no key.
 */
export function createLiveClient({ secret, ...client }: Client, at: string, secrets: LiveSecrets): AuthenticateClient {
  if (secret === null) return createClientAuthentication({ ...client, secret });
  let authenticate: AuthenticateClient | undefined;
  secrets.hand({ secret }, at, (read) => {
    authenticate = createClientAuthentication({ ...client, secret: read.get('secret') ?? null });
    return true;
  });
  // `hand` has called that by now, or has thrown.
  return (...asked) => (authenticate as AuthenticateClient)(...asked);
}
