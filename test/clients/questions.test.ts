import { describe, expect, it } from 'vitest';
import { useGateway } from './gateway.ts';
import { commonEra, everyClient } from './official-clients.ts';
import type { Answers, OfficialClient } from './session.ts';
import { upstreams } from './upstreams.ts';

// Up to 2025-11-25 a server asks by a request of its own, which needs a session; from 2026-07-28 it asks in its answer
// (`input_required`), and the client calls again with what it was asked. A stdio server may know one way and its client
// the other.
describe.each(upstreams)('the gateway before $name', (upstream) => {
  const gateway = useGateway(upstream);

  const able = everyClient.filter((client) => commonEra(client, upstream) !== null);

  async function connect(client: OfficialClient) {
    const asked: string[] = [];
    const note = <Answer>(question: string, answer: Answer): Answer => {
      asked.push(question);
      return answer;
    };
    const answers: Answers = {
      user: (message) => note(message, message.includes('colour') ? { color: 'green' } : { name: 'Zofia' }),
      model: (prompt) => note(prompt, 'forty-two'),
    };
    const session = await client.connect(gateway().url, { token: gateway().token, answers });
    expect(session.era).toBe(commonEra(client, upstream));
    return { asked, session };
  }

  it.each(able)('passes a question to the user of $name, and the answer back', async (client) => {
    const { asked, session } = await connect(client);
    expect(await session.callTool('trigger-elicitation-request')).toContain('Zofia');
    expect(asked).toHaveLength(1);
    await session.close();
  });

  it.each(able)('passes a question to the model of $name, and the answer back', async (client) => {
    const { asked, session } = await connect(client);
    expect(await session.callTool('trigger-sampling-request', { prompt: 'six times seven?' })).toContain('forty-two');
    expect(asked).toEqual([expect.stringContaining('six times seven?')]);
    await session.close();
  });

  it.each(able.filter(() => upstream.ours))('keeps the rounds of a longer talk with $name apart', async (client) => {
    const { asked, session } = await connect(client);
    expect(await session.callTool('ask-twice')).toBe('Zofia likes green');
    expect(asked).toEqual(['Who are you?', 'Which colour?']);
    await session.close();
  });
});
