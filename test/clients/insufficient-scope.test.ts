import { InsufficientScopeError } from '@modelcontextprotocol/client';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, it } from 'vitest';
import { useGateway } from './gateway.ts';
import { commonEra, officialClients } from './official-clients.ts';
import { sdkV1 } from './sdk-v1.ts';
import { upstreams } from './upstreams.ts';

const rules = {
  echo: { scopes: ['words:read'] },
  'trigger-long-running-operation': { scopes: ['work:start', 'work:watch'] },
};
const operation = ['trigger-long-running-operation', { duration: 0.01, steps: 1 }] as const;

const refusalInV1 = { error: StreamableHTTPError, says: { code: 403 } };
const refusalInV2 = {
  error: InsufficientScopeError,
  says: { requiredScope: 'work:start work:watch', resourceMetadataUrl: expect.any(URL) },
};

describe.each(upstreams)('the gateway before $name', (upstream) => {
  const gateway = useGateway(upstream, rules);

  it.each(officialClients.filter((client) => commonEra(client, upstream) !== null))(
    'tells $name which scopes a call needs, and goes on serving it',
    async (client) => {
      const { token } = await gateway().createToken(`reader for ${client.name}`, '--scope', 'words:read');
      const session = await client.connect(gateway().url, { token });
      const refusal = client === sdkV1 ? refusalInV1 : refusalInV2;
      const failure = await session.callTool(...operation).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(refusal.error);
      expect(failure).toMatchObject(refusal.says);
      expect(await session.callTool('echo', { message: 'still here' })).toBe('Echo: still here');
      await session.close();
    },
  );
});
