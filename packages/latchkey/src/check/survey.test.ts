import { describe, expect, it } from 'vitest';
import { Secret } from '../core/secret.ts';
import type { Draft, Reply } from './reply.ts';
import { surveySite } from './survey.ts';

const REFUSED: Reply = {
  kind: 'answer',
  status: 401,
  headers: [['WWW-Authenticate', 'Bearer resource_metadata="http://169.254.169.254/x"']],
  body: '',
  cut: null,
  tls: null,
  durationMs: 1,
};

async function survey(url: string, reply = REFUSED): Promise<readonly Draft[]> {
  const sent: Draft[] = [];
  await surveySite(new URL(url), new Secret('the-token'), (draft) => Promise.resolve((sent.push(draft), reply)));
  return sent;
}

const holdsToken = (draft: Draft): boolean => JSON.stringify([draft.headers, draft.target]).includes('the-token');

describe('surveySite', () => {
  it('sends the token over https and on this machine', async () => {
    expect((await survey('https://h/mcp')).some(holdsToken)).toBe(true);
    expect((await survey('http://127.0.0.1/mcp')).some(holdsToken)).toBe(true);
  });

  it('never sends it over plain HTTP to another machine', async () => {
    const sent = await survey('http://10.1.2.3/mcp');
    expect(sent.length).toBeGreaterThan(4);
    expect(sent.filter(holdsToken)).toEqual([]);
  });

  it('never sends it to what shows nothing of MCP', async () => {
    for (const status of [200, 404, 500]) {
      const sent = await survey('https://h/mcp', { ...REFUSED, status, headers: [], body: '<html>' });
      expect(sent.filter(holdsToken)).toEqual([]);
    }
  });

  it('sends it to nobody but that server, and follows no challenge to a network of its own', async () => {
    const sent = await survey('https://h/mcp');
    expect(sent.filter((draft) => holdsToken(draft) && draft.url.host !== 'h')).toEqual([]);
    expect(sent.filter(({ url }) => url.hostname === '169.254.169.254')).toEqual([]);
  });
});
