import { startLatchkey } from '../fixtures/latchkey.ts';

/**
 * A client for the suite's client scenarios: the gateway is the OAuth client, of the server whose URL is the last argument,
 * and what calls through it knows nothing of that. Exits 1 when a call does not come through.
 */
interface Context {
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly private_key_pem?: string;
}

const url = process.argv.at(-1) ?? '';
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as Context;
const secret = context.private_key_pem ?? context.client_secret ?? 'none';
const auth = context.private_key_pem === undefined ? 'client_secret_basic' : 'private_key_jwt';
const client = { id: context.client_id ?? 'latchkey', secret: { env: 'UPSTREAM_CLIENT_SECRET' }, auth };

const gateway = await startLatchkey({
  config: { upstream: { url, auth: { clientCredentials: { client } } } },
  env: { UPSTREAM_CLIENT_SECRET: secret },
});
try {
  const opened = await post('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'upstream-client', version: '1' },
  });
  const session = opened.headers.get('mcp-session-id');
  await post('notifications/initialized', {}, session);
  await post('tools/list', {}, session);
} finally {
  await gateway.close();
}

async function post(method: string, params: object, session: string | null = null): Promise<Response> {
  const id = method.startsWith('notifications/') ? {} : { id: 1 };
  const answer = await fetch(gateway.url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${gateway.token}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...(session === null ? {} : { 'mcp-session-id': session }),
      ...(method === 'initialize' ? {} : { 'mcp-protocol-version': '2025-11-25' }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', ...id, method, params }),
  });
  console.error(`${method}: ${answer.status} ${await answer.clone().text()}`);
  if (!answer.ok) process.exitCode = 1;
  return answer;
}
