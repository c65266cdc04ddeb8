import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  acceptedContent,
  fromJsonSchema,
  inputRequired,
  McpServer,
  type CallToolResult,
} from '@modelcontextprotocol/server';
import { askUser } from '../../conformance/fixture/input-requests.ts';

const lingerMs = 20_000;

const says = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] });

function takes<Arguments>(properties: Record<keyof Arguments & string, 'string' | 'number'>) {
  return fromJsonSchema<Arguments>({
    type: 'object',
    properties: Object.fromEntries(Object.keys(properties).map((key) => [key, { type: properties[key as never] }])),
    required: Object.keys(properties),
  });
}

function registerAskingTools(server: McpServer): void {
  server.registerTool('trigger-elicitation-request', { description: 'Asks the user for a name' }, ({ mcpReq }) => {
    const name = acceptedContent<{ name: string }>(mcpReq.inputResponses, 'user')?.name;
    if (name !== undefined) return says(`The user is ${name}`);
    return inputRequired({ inputRequests: { user: askUser('Who are you?', 'name') } });
  });

  server.registerTool(
    'trigger-sampling-request',
    { description: 'Asks the model', inputSchema: takes<{ prompt: string }>({ prompt: 'string' }) },
    ({ prompt }, { mcpReq }) => {
      const answer = mcpReq.inputResponses?.['model'];
      if (answer !== undefined) return says(`The model says ${JSON.stringify(answer)}`);
      const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: prompt } }];
      return inputRequired({ inputRequests: { model: inputRequired.createMessage({ messages, maxTokens: 10 }) } });
    },
  );

  server.registerTool('ask-twice', { description: 'Asks for a name, and then for a colour' }, ({ mcpReq }) => {
    const name =
      mcpReq.requestState<string>() ?? acceptedContent<{ name: string }>(mcpReq.inputResponses, 'first')?.name;
    if (name === undefined) return inputRequired({ inputRequests: { first: askUser('Who are you?', 'name') } });
    const color = acceptedContent<{ color: string }>(mcpReq.inputResponses, 'second')?.color;
    if (color !== undefined) return says(`${name} likes ${color}`);
    return inputRequired({ inputRequests: { second: askUser('Which colour?', 'color') }, requestState: name });
  });
}

/**
 * Creates a server for revisions up to 2026-07-28 whose tools have the names and arguments of the published
 * "everything" server's, so that the same tests run against both. What became of calls is written to `journal`.
 */
export function createTwoEraServer(journal: string): McpServer {
  const server = new McpServer({ name: 'two-eras', version: '1.0.0' }, { capabilities: { tools: {} } });

  server.registerTool(
    'echo',
    { description: 'Echoes', inputSchema: takes<{ message: string }>({ message: 'string' }) },
    ({ message }) => says(`Echo: ${message}`),
  );

  server.registerTool(
    'trigger-long-running-operation',
    {
      description: 'Reports progress at each step',
      inputSchema: takes<{ duration: number; steps: number }>({ duration: 'number', steps: 'number' }),
    },
    async ({ duration, steps }, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      for (let progress = 1; progress <= steps; progress++) {
        await sleep((duration / steps) * 1000);
        if (progressToken === undefined) continue;
        await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: steps } });
      }
      return says(`Long running operation completed. Duration: ${duration} seconds, Steps: ${steps}.`);
    },
  );

  server.registerTool(
    'linger',
    {
      description: 'Waits to be cancelled',
      inputSchema: takes<{ label: string }>({ label: 'string' }),
    },
    async ({ label }, { mcpReq: { signal } }) => {
      appendFileSync(journal, `started ${label}\n`);
      signal.addEventListener('abort', () => appendFileSync(journal, `cancelled ${label}\n`));
      await sleep(lingerMs, undefined, { signal });
      return says('was not cancelled');
    },
  );

  server.registerTool(
    'answer-later',
    {
      description: 'Closes its stream before it answers, with a text of that many bytes',
      inputSchema: takes<{ bytes: number }>({ bytes: 'number' }),
    },
    async ({ bytes }, { http }) => {
      http?.closeSSE?.();
      await sleep(100);
      return says('x'.repeat(bytes));
    },
  );

  registerAskingTools(server);
  return server;
}
