import {
  Client,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Transport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
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
  client.setRequestHandler('elicitation/create', ({ params }) => ({
    action: 'accept',
    content: answers.user(params.message),
  }));
  client.setRequestHandler('sampling/createMessage', ({ params }) => ({
    role: 'assistant',
    model: 'test',
    content: { type: 'text', text: answers.model(JSON.stringify(params.messages)) },
  }));
}

async function connectOverSse(url: string, options: ConnectOptions): Promise<Session> {
  const given = { fetch: fetchWith(options), requestInit: headersWith(options) };
  return connectV2(new SSEClientTransport(sseUrlOf(url), given), 'legacy', options, async () => undefined);
}

async function connect(mode: VersionNegotiationMode, url: string, options: ConnectOptions): Promise<Session> {
  const { token, by } = options;
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    fetch: fetchWith(options),
    requestInit: headersWith(options),
    ...(by === 'provider' && { authProvider: { token: async () => token } }),
  });
  return connectV2(transport, mode, options, () => transport.terminateSession());
}

/** Opens a session over `transport`; `endSession` ends it at the server too. */
export async function connectV2(
  transport: Transport,
  mode: VersionNegotiationMode,
  options: ConnectOptions,
  endSession: () => Promise<void>,
): Promise<Session> {
  const capabilities = options.answers ? { sampling: {}, elicitation: {} } : {};
  const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities, versionNegotiation: { mode } });
  if (options.answers) answerQuestions(client, options.answers);
  await client.connect(transport);
  return {
    era: client.getProtocolEra() === 'modern' ? 'modern' : 'legacy',
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    callTool: async (name, args = {}, { onProgress, signal } = {}) =>
      textOf(
        await client.callTool(
          { name, arguments: args },
          {
            ...(onProgress && { onprogress: ({ progress }) => onProgress(progress) }),
            ...(signal && { signal }),
          },
        ),
      ),
    close: async () => {
      await endSession();
      await client.close();
    },
  };
}

const inMode = (name: string, mode: VersionNegotiationMode): OfficialClient => ({
  name: `SDK v2, ${name}`,
  prefers: mode === 'legacy' ? 'legacy' : 'modern',
  pinned: typeof mode === 'object',
  connect: (url, options) => connect(mode, url, options),
});

/** The second SDK's client, in each of its ways to choose a revision. */
export const sdkV2: readonly OfficialClient[] = [
  inMode('legacy mode', 'legacy'),
  inMode('auto mode', 'auto'),
  inMode('pinned to 2026-07-28', { pin: '2026-07-28' }),
];

/** The same over the deprecated HTTP+SSE transport. */
export const sdkV2OverSse: OfficialClient = {
  name: 'SDK v2 over HTTP+SSE',
  prefers: 'legacy',
  pinned: false,
  forgetful: true,
  connect: connectOverSse,
};
