import { StreamableHTTPClientTransport, type VersionNegotiationMode } from '@modelcontextprotocol/client';
import type { OAuthClientProvider as OAuthClientProviderV1 } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Application } from './application.ts';
import { connectV1 } from './sdk-v1.ts';
import { connectV2 } from './sdk-v2.ts';
import type { Session } from './session.ts';

/** An official client in an application whose user signs in whenever the client wants it, and then tries once more. */
export interface SigningInClient {
  readonly name: string;
  readonly era: Session['era'];
  connect(url: string, application: Application): Promise<Session>;
}

/** One transport of the client, which is also what ends a sign-in that it began. */
interface Attempt {
  open(): Promise<Session>;
  finish(callback: URLSearchParams): Promise<void>;
}

async function connectSigningIn(application: Application, createAttempt: () => Attempt): Promise<Session> {
  let attempt = createAttempt();
  const finish = async (error: unknown): Promise<void> => {
    const callback = await application.signIn();
    if (callback === null) throw error;
    await attempt.finish(callback);
  };
  const session = await attempt.open().catch(async (error: unknown) => {
    await finish(error);
    attempt = createAttempt();
    return attempt.open();
  });
  return {
    ...session,
    callTool: (...call) =>
      session.callTool(...call).catch(async (error: unknown) => {
        await finish(error);
        return session.callTool(...call);
      }),
  };
}

const v1: SigningInClient = {
  name: 'SDK v1',
  era: 'legacy',
  connect: (url, application) =>
    connectSigningIn(application, () => {
      const authProvider = application.provider as OAuthClientProviderV1;
      const transport = new TransportV1(new URL(url), { authProvider, fetch: application.fetch });
      return {
        open: () => connectV1(transport as Transport, {}, () => transport.terminateSession()),
        finish: (callback) => transport.finishAuth(callback.get('code') ?? ''),
      };
    }),
};

const v2 = (name: string, mode: VersionNegotiationMode, era: Session['era']): SigningInClient => ({
  name: `SDK v2, ${name}`,
  era,
  connect: (url, application) =>
    connectSigningIn(application, () => {
      const { provider: authProvider, fetch } = application;
      const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider, fetch });
      return {
        open: () => connectV2(transport, mode, {}, () => transport.terminateSession()),
        finish: (callback) => transport.finishAuth(callback),
      };
    }),
});

export const signingInClients: readonly SigningInClient[] = [
  v1,
  v2('legacy mode', 'legacy', 'legacy'),
  v2('auto mode', 'auto', 'modern'),
];
