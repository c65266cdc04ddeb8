import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { useGateway } from './gateway.ts';
import { everyClient } from './official-clients.ts';
import { upstreams } from './upstreams.ts';

describe.each(upstreams.filter(({ ours }) => ours))('the gateway before $name', (upstream) => {
  const gateway = useGateway(upstream);

  const journalTells = async (line: string): Promise<void> =>
    await expect.poll(() => gateway().readJournal(), { timeout: 3000, interval: 20 }).toContain(line);

  it.each(everyClient)('lets $name cancel one call, and no other', async (client) => {
    const session = await client.connect(gateway().url, { token: gateway().token });
    const [kept, dropped] = [new AbortController(), new AbortController()];
    const other = session.callTool('linger', { label: `${client.name}: kept` }, { signal: kept.signal });
    const call = session.callTool('linger', { label: `${client.name}: dropped` }, { signal: dropped.signal });
    other.catch(() => undefined);
    await journalTells(`started ${client.name}: kept`);
    await journalTells(`started ${client.name}: dropped`);

    dropped.abort();
    await expect(call).rejects.toThrow('aborted');
    await journalTells(`cancelled ${client.name}: dropped`);
    await sleep(100);
    expect(await gateway().readJournal()).not.toContain(`cancelled ${client.name}: kept`);

    expect(await session.callTool('echo', { message: 'after' })).toBe('Echo: after');
    kept.abort();
    await expect(other).rejects.toThrow('aborted');
    await session.close();
  });
});
