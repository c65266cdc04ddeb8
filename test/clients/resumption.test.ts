import { describe, expect, it } from 'vitest';
import { useGateway } from './gateway.ts';
import { commonEra, everyClient } from './official-clients.ts';
import { legacyOverHttp, upstreams } from './upstreams.ts';

// Servers up to 2025-11-25 may end a call's stream before its answer, and its client comes back for the rest by the id of
// the last event (MCP 2025-11-25, Transports §Sending Messages to the Server).
const LIST_BYTES = 8 * 1024 * 1024;

describe.each([...upstreams.filter(({ ours }) => ours), legacyOverHttp])('the gateway before $name', (upstream) => {
  const gateway = useGateway(upstream, {}, { compat: { rest: true } });
  const able = everyClient.filter((client) => commonEra(client, upstream) !== null);

  it.each(able)('lets $name have an answer that comes on a later stream', async (client) => {
    const session = await client.connect(gateway().url, { token: gateway().token });
    expect(await session.callTool('answer-later', { bytes: 3 })).toBe('xxx');
    await session.close();
  });

  it('lets a program that speaks no MCP have such an answer', async () => {
    const answer = await fetch(`${gateway().url}/tools/call`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway().token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ tool: 'answer-later', params: { bytes: 3 } }),
    });
    expect(await answer.json()).toMatchObject({ result: { content: [{ text: 'xxx' }] } });
  });
});

describe(`the gateway before ${legacyOverHttp.name}`, () => {
  const gateway = useGateway(legacyOverHttp);
  const able = everyClient.filter((client) => commonEra(client, legacyOverHttp) === 'legacy');

  it.each(able)('tells $name that such an answer is larger than what can be looked at', async (client) => {
    const session = await client.connect(gateway().url, { token: gateway().token });
    await expect(session.callTool('answer-later', { bytes: LIST_BYTES })).rejects.toThrow('too large');
    expect(await session.callTool('echo', { message: 'after' })).toBe('Echo: after');
    await session.close();
  });
});
