import { DpopSession, type OAuthClientProvider, type StoredOAuthTokens } from '@modelcontextprotocol/client';
import { createBrowser, type Browser } from '../fixtures/browser.ts';

/** An application around an official client: what it keeps of a sign-in, and its user's browser. */
export interface Application {
  /** In the words of both SDKs. */
  readonly provider: OAuthClientProvider;
  /** Remembers where the client went. */
  readonly fetch: typeof fetch;
  /** Every other place than the MCP endpoint that the client asked, in order. */
  readonly asked: readonly string[];
  /** Its name at the issuer, once it has one. */
  clientId(): string | undefined;
  tokens(): StoredOAuthTokens | undefined;
  /** Has the user sign in where the client wants it, and gives what comes back; null when the client does not. */
  signIn(): Promise<URLSearchParams | null>;
}

export interface ApplicationOptions {
  /** Its Client ID metadata document; without one it registers itself. */
  readonly documentUrl?: string;
  /** Binds its tokens to a key (RFC 9449), where the client can. */
  readonly dpop?: boolean;
  readonly browser?: Browser;
}

export const redirectUrl = 'http://127.0.0.1:9/callback';

/** What it says of itself when it registers, or in its document. */
export const clientMetadata = {
  client_name: 'An application',
  redirect_uris: [redirectUrl],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};

type Kept = Partial<{ client: { client_id: string }; tokens: StoredOAuthTokens; verifier: string; discovery: object }>;

export function createApplication(options: ApplicationOptions = {}): Application {
  const { documentUrl, dpop = false, browser = createBrowser() } = options;
  const kept: Kept = {};
  const asked: string[] = [];
  const session = dpop ? DpopSession.create() : undefined;
  let wanted: URL | null = null;
  const provider: OAuthClientProvider = {
    redirectUrl,
    clientMetadata,
    ...(documentUrl !== undefined && { clientMetadataUrl: documentUrl }),
    clientInformation: () => kept.client as never,
    saveClientInformation: (client) => void (kept.client = client),
    tokens: () => kept.tokens,
    saveTokens: (tokens) => void (kept.tokens = tokens),
    redirectToAuthorization: (url) => void (wanted = url),
    saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier ?? '',
    saveDiscoveryState: (discovery) => void (kept.discovery = discovery),
    discoveryState: () => kept.discovery as never,
    ...(session !== undefined && { dpop: () => session }),
  };
  return {
    provider,
    asked,
    fetch: (input, init) => {
      const url = String(input instanceof Request ? input.url : input);
      if (!url.endsWith('/mcp') || url.includes('/.well-known/')) asked.push(url);
      return fetch(input, init);
    },
    clientId: () => kept.client?.client_id,
    tokens: () => kept.tokens,
    async signIn() {
      if (wanted === null) return null;
      const url = wanted;
      wanted = null;
      return (await browser.signIn(url)).searchParams;
    },
  };
}
