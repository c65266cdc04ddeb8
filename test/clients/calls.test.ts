import { SdkError, SdkErrorCode } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { useGateway } from './gateway.ts';
import { commonEra, everyClient } from './official-clients.ts';
import { sharing, upstreams } from './upstreams.ts';

describe.each([...upstreams, sharing])('the gateway before $name', (upstream) => {
  const gateway = useGateway(upstream);

  it.each(everyClient.filter((client) => commonEra(client, upstream) !== null))(
    'lets $name list and call tools, with progress before the result',
    async (client) => {
      const session = await client.connect(gateway().url, { token: gateway().token });
      expect(session.era).toBe(commonEra(client, upstream));
      expect(await session.listTools()).toEqual(expect.arrayContaining(['echo', 'trigger-long-running-operation']));
      expect(await session.callTool('echo', { message: 'żółw 🐢' })).toBe('Echo: żółw 🐢');

      const events: { what: number | string; at: number }[] = [];
      const note = (what: number | string) => events.push({ what, at: performance.now() });
      const operation = { duration: 0.4, steps: 4 };
      note(await session.callTool('trigger-long-running-operation', operation, { onProgress: note }));
      const seen = [1, 2, 3, 4].slice(0, client.forgetful === true ? Math.max(3, events.length - 1) : 4);
      expect(events.map(({ what }) => what)).toEqual([...seen, expect.stringContaining('operation completed')]);
      // The first step was over 300 ms before the last: who held it back told both at once.
      expect(events.at(-1)!.at - events[0]!.at).toBeGreaterThan(100);
      await session.close();
    },
  );

  it.each(everyClient.filter((client) => commonEra(client, upstream) === null))(
    'refuses $name in its own words',
    async (client) => {
      const failure = await client.connect(gateway().url, { token: gateway().token }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(SdkError);
      expect(failure).toMatchObject({ code: SdkErrorCode.EraNegotiationFailed });
    },
  );
});
