import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { describe, expect, it } from 'vitest';
import { useGateway } from './gateway.ts';
import { headersWith } from './session.ts';
import { upstreams } from './upstreams.ts';

// The published server has tasks, which a rule must let through.
const everything = upstreams.filter(({ name }) => name.startsWith('everything'));
const methods = { 'tasks/get': { scopes: ['tasks'] }, 'tasks/result': { scopes: ['tasks'] } };

async function offered(url: string, token: string): Promise<Record<string, unknown>> {
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: headersWith({ token }) });
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(transport as Transport);
  const capabilities = client.getServerCapabilities() ?? {};
  await transport.terminateSession();
  await client.close();
  return capabilities;
}

describe.each(everything)('the gateway before $name', (upstream) => {
  const without = useGateway(upstream);
  const gateway = useGateway(upstream, {}, { methods });

  it('offers tasks to those who may use them, and no more of them', async () => {
    const [all, may, mayNot] = await Promise.all([
      offered(without().url, without().token),
      gateway()
        .createToken('may', '--scope', 'tasks')
        .then(({ token }) => offered(gateway().url, token)),
      gateway()
        .createToken('may-not', '--scope', 'other')
        .then(({ token }) => offered(gateway().url, token)),
    ]);
    for (const capabilities of [all, may, mayNot]) expect(capabilities).toMatchObject({ tools: {}, logging: {} });
    expect(may['tasks']).toEqual({ requests: { tools: { call: {} } } });
    expect(['tasks' in all, 'tasks' in mayNot]).toEqual([false, false]);
  });
});
