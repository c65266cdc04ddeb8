import { describe, expect, it } from 'vitest';
import { toTimeout } from '../failure.ts';
import type { Answer, Draft, Reply } from '../reply.ts';
import type { Site } from '../site.ts';
import { plainHttp } from './plain-http.ts';

const answer = (status: number, headers: Answer['headers'] = []): Answer => ({
  kind: 'answer',
  status,
  headers,
  body: '',
  cut: null,
  tls: null,
  durationMs: 1,
});

async function run(url: string, reply: Reply) {
  const sent: Draft[] = [];
  const send = (draft: Draft) => Promise.resolve((sent.push(draft), reply));
  return { ...(await plainHttp.run({ url: new URL(url), first: answer(401), send } as unknown as Site)), sent };
}

describe('plainHttp', () => {
  it.each<[string, Reply, string]>([
    ['asks for a token there as well', answer(401), 'fail'],
    ['serves it', answer(200), 'fail'],
    ['redirects', answer(301, [['Location', 'https://h/mcp']]), 'warn'],
    ['refuses', answer(403), 'pass'],
    ['does not answer', toTimeout(10, false), 'pass'],
  ])('judges a server that %s', async (_what, reply, verdict) => {
    const outcome = await run('https://h/mcp', reply);
    expect(outcome.verdict).toBe(verdict);
    expect(outcome.sent.map(({ url }) => url.href)).toEqual(['http://h/mcp']);
    expect(JSON.stringify(outcome.sent)).toContain('latchkey-check-made-up-token');
  });

  it('tries the same port where it is not the usual one', async () => {
    expect((await run('https://h:8443/mcp', answer(400))).sent[0]?.url.href).toBe('http://h:8443/mcp');
  });

  it('has nothing to try where the URL is http', async () => {
    expect(await run('http://h/mcp', answer(200))).toMatchObject({ verdict: 'skip', sent: [] });
  });
});
