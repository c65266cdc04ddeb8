import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler, type NodeIncomingMessageLike } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';

/** An MCP server as the official SDK makes one, which remembers the tools that ran. */
export interface SdkServer {
  readonly port: number;
  readonly ran: string[];
  close(): Promise<void>;
}

/** `legacy` is the SDK's option: `stateless`, its default, also answers what looks like a message of an older revision. */
export async function startSdkServer(legacy: 'reject' | 'stateless'): Promise<SdkServer> {
  const ran: string[] = [];
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'behind-a-proxy', version: '1.0.0' }, { capabilities: { tools: {} } });
      for (const name of ['echo', 'write_file'])
        server.registerTool(name, { description: name }, () => {
          ran.push(name);
          return { content: [{ type: 'text', text: name }] };
        });
      return server;
    },
    { legacy },
  );
  const handle = toNodeHandler(handler);
  const server = createServer((request, response) => void handle(request as NodeIncomingMessageLike, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    ran,
    async close() {
      await handler.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
