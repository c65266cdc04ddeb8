import { describe, expect, it } from 'vitest';
import { useGateway } from './gateway.ts';
import { upstreams } from './upstreams.ts';

interface Answer {
  readonly tools?: readonly { name: string }[];
  readonly result?: { readonly content: readonly { text: string }[] };
}

describe.each(upstreams)('the gateway before $name', (upstream) => {
  const gateway = useGateway(upstream, {}, { compat: { rest: true } });

  async function ask(path: string, body?: object): Promise<Answer> {
    const headers = { Authorization: `Bearer ${gateway().token}`, 'Content-Type': 'application/json' };
    const posted = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(`${gateway().url}${path}`, { headers, ...posted });
    const text = await answer.text();
    expect([answer.status, text]).toEqual([200, expect.any(String)]);
    return JSON.parse(text) as Answer;
  }

  it('lets a program that speaks no MCP list and call tools', async () => {
    const { tools = [] } = await ask('/tools');
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['echo', 'trigger-long-running-operation']));
    for (const message of ['one', 'żółw 🐢'])
      expect((await ask('/tools/call', { tool: 'echo', params: { message } })).result?.content[0]?.text).toBe(
        `Echo: ${message}`,
      );
    const operation = { tool: 'trigger-long-running-operation', params: { duration: 0.1, steps: 2 } };
    expect((await ask('/tools/call', operation)).result?.content[0]?.text).toContain('operation completed');
  });
});
