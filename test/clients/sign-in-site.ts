import { afterAll, beforeAll } from 'vitest';
import { startOidcIssuer, type OidcIssuer } from '../fixtures/oidc-issuer.ts';
import type { OidcOptions, ResourceRules } from '../fixtures/oidc-settings.ts';
import { clientMetadata } from './application.ts';
import { startGateway, type Gateway } from './gateway.ts';
import { upstreams, type Upstream } from './upstreams.ts';

/** A gateway that takes the tokens of a real issuer. */
export interface SignInSite {
  readonly issuer: OidcIssuer;
  readonly gateway: Gateway;
  close(): Promise<void>;
}

export interface SignInOptions extends OidcOptions {
  readonly upstream: Upstream;
  /** Of `auth:`, beside the issuer. */
  readonly auth?: object;
  readonly resource?: Partial<ResourceRules>;
}

/** One over HTTP and one over stdio: what clients are told is the same before the others. */
export const signInUpstreams = upstreams.filter(({ name }) => name.startsWith('a two-era server'));

/** Where applications with a Client ID metadata document have it. */
export const documentUrl = 'https://application.example/client.json';

/** Echoing needs one scope, work two. */
export const rules = {
  echo: { scopes: ['words:read'] },
  'trigger-long-running-operation': { scopes: ['work:start', 'work:watch'] },
};
export const echo = ['echo', { message: 'hello' }] as const;
export const work = ['trigger-long-running-operation', { duration: 0.01, steps: 1 }] as const;

const gatewaySecret = 'of the gateway at its issuer';
const gatewayClient = {
  client_id: 'gateway',
  client_secret: gatewaySecret,
  redirect_uris: [],
  response_types: [],
  grant_types: [],
};
const introspecting = { introspection: true, client: { id: 'gateway', secret: { env: 'GATEWAY_SECRET' } } };

export async function startSignInSite(options: SignInOptions): Promise<SignInSite> {
  const documents = { [documentUrl]: { client_id: documentUrl, ...clientMetadata } };
  const issuer = await startOidcIssuer({ documents, clients: [gatewayClient], ...options });
  try {
    const test = { issuer: issuer.url, ...(options.resource?.format === 'opaque' && introspecting) };
    const settings = { auth: { issuers: { test }, ...options.auth } };
    const env = { GATEWAY_SECRET: gatewaySecret };
    const gateway = await startGateway(options.upstream, rules, { settings, env });
    issuer.protect(gateway.url, { scopes: ['words:read', 'work:start', 'work:watch'], ...options.resource });
    return {
      issuer,
      gateway,
      async close() {
        await gateway.close();
        await issuer.close();
      },
    };
  } catch (error) {
    await issuer.close();
    throw error;
  }
}

/** The same during the tests of the current `describe`. */
export function useSignInSite(options: SignInOptions): () => SignInSite {
  let site: SignInSite | undefined;
  beforeAll(async () => {
    site = await startSignInSite(options);
  });
  afterAll(() => site?.close());
  return () => {
    if (site === undefined) throw new Error('the site is not running yet');
    return site;
  };
}
