import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import {
  fetchWith,
  headersWith,
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

async function connect(url: string, options: ConnectOptions): Promise<Session> {
  const capabilities = options.answers ? { sampling: {}, elicitation: {} } : {};
  const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities });
  if (options.answers) answerQuestions(client, options.answers);
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    fetch: fetchWith(options),
    requestInit: headersWith(options),
    ...(options.by === 'provider' && { authProvider: createProvider(options.token) }),
  });
  // Its own types disagree where an absent property may not be undefined.
  await client.connect(transport as Transport);
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
      await transport.terminateSession();
      await client.close();
    },
  };
}

/** The first SDK's client. */
export const sdkV1: OfficialClient = { name: 'SDK v1', prefers: 'legacy', pinned: false, connect };
