import {
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import type { OAuthClientProvider as OAuthClientProviderV1 } from '@modelcontextprotocol/sdk/client/auth.js';
import { SSEClientTransport as SseTransportV1 } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Application } from './application.ts';
import { connectV1 } from './sdk-v1.ts';
import { connectV2 } from './sdk-v2.ts';
import { sseUrlOf, type Session } from './session.ts';

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
  const reopen = (): Promise<Session> => {
    attempt = createAttempt();
    return attempt.open();
  };
  let session = await attempt.open().catch(async (error: unknown) => {
    await finish(error);
    return reopen();
  });
  const callTool: Session['callTool'] = async (...call) => {
    try {
      return await session.callTool(...call);
    } catch (error) {
      await finish(error);
    }
    return session.callTool(...call).catch(async (error: unknown) => {
      if (!isSessionGone(error)) throw error;
      session = await reopen();
      return session.callTool(...call);
    });
  };
  return {
    era: session.era,
    listTools: () => session.listTools(),
    callTool,
    close: () => session.close(),
  };
}

// MCP 2025-11-25, Session Management: whoever gets 404 opens a new session, which both SDKs leave to the application.
function isSessionGone(error: unknown): boolean {
  const { code, status } = error as { code?: unknown; status?: unknown };
  return code === 404 || status === 404;
}

const inApplication = (
  name: string,
  era: Session['era'],
  createAttempt: (url: string, application: Application) => Attempt,
): SigningInClient => ({
  name,
  era,
  connect: (url, application) => connectSigningIn(application, () => createAttempt(url, application)),
});

const noSession = async (): Promise<void> => undefined;
const toV1 = ({ provider, fetch }: Application) => ({ authProvider: provider as OAuthClientProviderV1, fetch });
const toV2 = ({ provider, fetch }: Application) => ({ authProvider: provider, fetch });

const v1 = inApplication('SDK v1', 'legacy', (url, application) => {
  const transport = new TransportV1(new URL(url), toV1(application));
  return {
    open: () => connectV1(transport as Transport, {}, () => transport.terminateSession()),
    finish: (callback) => transport.finishAuth(callback.get('code') ?? ''),
  };
});

const v1OverSse = inApplication('SDK v1 over HTTP+SSE', 'legacy', (url, application) => {
  const transport = new SseTransportV1(sseUrlOf(url), toV1(application));
  return {
    open: () => connectV1(transport, {}, noSession),
    finish: (callback) => transport.finishAuth(callback.get('code') ?? ''),
  };
});

const v2 = (name: string, mode: VersionNegotiationMode, era: Session['era']): SigningInClient =>
  inApplication(`SDK v2, ${name}`, era, (url, application) => {
    const transport = new StreamableHTTPClientTransport(new URL(url), toV2(application));
    return {
      open: () => connectV2(transport, mode, {}, () => transport.terminateSession()),
      finish: (callback) => transport.finishAuth(callback),
    };
  });

const v2OverSse = inApplication('SDK v2 over HTTP+SSE', 'legacy', (url, application) => {
  const transport = new SSEClientTransport(sseUrlOf(url), toV2(application));
  return {
    open: () => connectV2(transport, 'legacy', {}, noSession),
    finish: (callback) => transport.finishAuth(callback),
  };
});

export const signingInClients: readonly SigningInClient[] = [
  v1,
  v2('legacy mode', 'legacy', 'legacy'),
  v2('auto mode', 'auto', 'modern'),
];

/** The same over the transport that both SDKs have deprecated. */
export const signingInOverSse: readonly SigningInClient[] = [v1OverSse, v2OverSse];
