import { describe, expect, it } from 'vitest';
import { useGateway } from './gateway.ts';
import { commonEra, everyClient } from './official-clients.ts';
import type { OfficialClient, Session } from './session.ts';
import { sharing, upstreams } from './upstreams.ts';

const rounds = 10;

async function callInTurn(session: Session, mark: number, { forgetful }: OfficialClient): Promise<number> {
  for (let round = 0; round < rounds; round++) {
    // Each client has its own number of steps, so that another's progress would show.
    const steps = mark + 1;
    const seen: number[] = [];
    const [echo, operation] = await Promise.all([
      session.callTool('echo', { message: `${mark}/${round}` }),
      session.callTool(
        'trigger-long-running-operation',
        { duration: 0.02, steps },
        { onProgress: (progress) => seen.push(progress) },
      ),
    ]);
    expect(echo).toBe(`Echo: ${mark}/${round}`);
    expect(operation).toContain(`Steps: ${steps}.`);
    const all = Array.from({ length: steps }, (_, step) => step + 1);
    expect(seen).toEqual(forgetful === true ? all.slice(0, seen.length) : all);
  }
  return rounds;
}

describe.each([...upstreams, sharing])('the gateway before $name', (upstream) => {
  const gateway = useGateway(upstream);

  async function connect(client: OfficialClient, calls: Set<unknown>): Promise<Session> {
    const onSend = (body: string) => {
      const { id, method } = JSON.parse(body);
      if (method === 'tools/call') calls.add(id);
    };
    return client.connect(gateway().url, { token: gateway().token, onSend });
  }

  it.each(everyClient.filter((client) => commonEra(client, upstream) !== null))(
    'never crosses the answers of $name with those of clients that use the same ids',
    async (client) => {
      const ids = [new Set<unknown>(), new Set<unknown>(), new Set<unknown>()];
      const sessions = await Promise.all(ids.map((calls) => connect(client, calls)));
      await Promise.all(sessions.map((session, mark) => callInTurn(session, mark, client)));
      expect(ids[0]?.size).toBe(2 * rounds);
      expect(ids[1]).toEqual(ids[0]);
      expect(ids[2]).toEqual(ids[0]);
      for (const session of sessions) await session.close();
    },
  );

  it('never crosses the answers of different clients', async () => {
    const clients = everyClient.filter((client) => commonEra(client, upstream) !== null);
    const sessions = await Promise.all(clients.map((client) => connect(client, new Set())));
    const heard = await Promise.all(
      sessions.map((session, mark) => callInTurn(session, mark, clients[mark] as OfficialClient)),
    );
    expect(heard).toEqual(clients.map(() => rounds));
    for (const session of sessions) await session.close();
  });
});
