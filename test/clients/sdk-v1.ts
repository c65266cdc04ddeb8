import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import {
  fetchWith,
  headersWith,
  sseUrlOf,
  textOf,
  type Answers,
  type ConnectOptions,
  type OfficialClient,
  type Session,
} from './session.ts';

function answerQuestions(client: Client, answers: Answers): void {
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => ({
    action: 'accept',
    content: answers.user(params.message),
  }));
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => ({
    role: 'assistant',
    model: 'test',
    content: { type: 'text', text: answers.model(JSON.stringify(params.messages)) },
  }));
}

// Its only provider is for OAuth, and gives up where the user would have to be asked.
const createProvider = (token: string | undefined): OAuthClientProvider => ({
  redirectUrl: 'http://127.0.0.1/callback',
  clientMetadata: { redirect_uris: ['http://127.0.0.1/callback'] },
  clientInformation: () => ({ client_id: 'test' }),
  tokens: () => (token === undefined ? undefined : { access_token: token, token_type: 'Bearer' }),
  saveTokens: () => undefined,
  codeVerifier: () => '',
  saveCodeVerifier: () => undefined,
  redirectToAuthorization: () => undefined,
});

async function connectOverSse(url: string, options: ConnectOptions): Promise<Session> {
  const given = { fetch: fetchWith(options), requestInit: headersWith(options) };
  const transport = new SSEClientTransport(sseUrlOf(url), given);
  return connectV1(transport, options, async () => undefined);
}

async function connect(url: string, options: ConnectOptions): Promise<Session> {
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    fetch: fetchWith(options),
    requestInit: headersWith(options),
    ...(options.by === 'provider' && { authProvider: createProvider(options.token) }),
  });
  // Its own types disagree where an absent property may not be undefined.
  return connectV1(transport as Transport, options, () => transport.terminateSession());
}

/** Opens a session over `transport`; `endSession` ends it at the server too. */
export async function connectV1(
  transport: Transport,
  options: ConnectOptions,
  endSession: () => Promise<void>,
): Promise<Session> {
  const capabilities = options.answers ? { sampling: {}, elicitation: {} } : {};
  const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities });
  if (options.answers) answerQuestions(client, options.answers);
  await client.connect(transport);
  return {
    era: 'legacy',
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    callTool: async (name, args = {}, { onProgress, signal } = {}) =>
      textOf(
        await client.callTool({ name, arguments: args }, undefined, {
          ...(onProgress && { onprogress: ({ progress }) => onProgress(progress) }),
          ...(signal && { signal }),
        }),
      ),
    close: async () => {
      await endSession();
      await client.close();
    },
  };
}

/** The first SDK's client. */
export const sdkV1: OfficialClient = { name: 'SDK v1', prefers: 'legacy', pinned: false, connect };

/** The same over the deprecated HTTP+SSE transport. */
export const sdkV1OverSse: OfficialClient = {
  name: 'SDK v1 over HTTP+SSE',
  prefers: 'legacy',
  pinned: false,
  forgetful: true,
  connect: connectOverSse,
};
