import { afterEach, describe, expect, it } from 'vitest';
import { handMadeLock } from '../../../../test/fixtures/hand-made-lock.ts';
import { listen, type Listening } from '../../../../test/fixtures/listening.ts';
import { latchkey } from './node.ts';

let site: Listening | null = null;
afterEach(() => site?.close());

describe('latchkey/node', () => {
  it.each([false, true])('hands on the bytes that were judged, chunked: %s', async (chunked) => {
    const { latchkey: lock } = handMadeLock({ alice: ['a'] }, { echo: ['a'] });
    const { protectMcp, metadata } = latchkey(lock);
    const bodies: unknown[] = [];
    site = await listen(
      metadata(
        protectMcp(async (request, response, { principal, authInfo, body }) => {
          const chunks: Buffer[] = [];
          for await (const chunk of request) chunks.push(chunk as Buffer);
          bodies.push(Buffer.concat(chunks).toString(), body);
          response.end(JSON.stringify([principal.name, authInfo.scopes, request.auth === authInfo]));
        }),
      ),
    );
    const text = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'echo', arguments: { text: 'x'.repeat(300_000) } },
    });
    const answer = await fetch(`${site.url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer alice' },
      body: chunked ? new Blob([text]).stream() : text,
      ...(chunked ? { duplex: 'half' } : {}),
    } as RequestInit);
    expect([answer.status, await answer.json()]).toEqual([200, ['alice', ['a'], true]]);
    expect(bodies).toEqual([text, JSON.parse(text)]);
    const document = await fetch(site.url + lock.metadata.path);
    expect(await document.json()).toEqual({ resource: 'http://localhost/mcp' });
  });
});
