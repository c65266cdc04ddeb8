import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/** A client with a token, as an example needs it. */
export interface Caller {
  listTools(): Promise<readonly string[]>;
  /** The text of the result, or how the call was refused. */
  call(tool: string, args: Readonly<Record<string, unknown>>): Promise<string>;
  close(): Promise<void>;
}

/** Connects with the official SDK. */
export async function connect(url: string, token: string): Promise<Caller> {
  const client = new Client({ name: 'example', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider: { token: async () => token } }));
  return {
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name).sort(),
    call: async (tool, args) => {
      try {
        const { content, isError } = await client.callTool({ name: tool, arguments: { ...args } });
        const text = content.map((part) => (part.type === 'text' ? part.text : part.type)).join('\n');
        return isError === true ? `failed: ${text}` : text;
      } catch (error) {
        return `refused: ${reasonOf(error as Error)}`;
      }
    },
    close: () => client.close(),
  };
}

/** The SDK names missing scopes itself, and hands other answers on as they are. */
function reasonOf({ message }: Error): string {
  return /"message":"([^"]*)"/.exec(message)?.[1] ?? message;
}
