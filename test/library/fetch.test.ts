import { describe, expect, test } from 'vitest';
import { latchkey } from '../../packages/latchkey/src/fetch.ts';
import { makeLock, METADATA_PATH, RESOURCE } from './hand-made-lock.ts';

const TOKENS = { alice: ['report:read'], bob: [] };

function ask(headers: Record<string, string> = {}, init: RequestInit = {}): Request {
  return new Request('https://api.example/report', { ...init, headers });
}

describe('latchkey/fetch, one route', () => {
  test('lets in who holds the scopes, and nobody else', async () => {
    const { latchkey: lock, trail } = makeLock({ tokens: TOKENS });
    const { protect } = latchkey(lock);
    const route = protect(
      { scopes: ['report:read'] },
      (_request, { principal }) => new Response(`hello ${principal.id}`),
    );
    const allowed = await route(ask({ authorization: 'Bearer alice' }));
    expect([allowed.status, await allowed.text()]).toEqual([200, 'hello alice']);
    expect((await route(ask({ authorization: 'Bearer bob' }))).status).toBe(403);
    const missing = await route(ask());
    expect(missing.status).toBe(401);
    expect(missing.headers.get('www-authenticate')).toContain(METADATA_PATH);
    expect((await route(ask({ authorization: 'Bearer mallory' }))).status).toBe(401);
    expect(trail.map(({ reason, status }) => [reason, status])).toEqual([
      ['allowed', 200],
      ['policy-scope', 403],
      ['credential-missing', 401],
      ['credential-unknown', 401],
    ]);
  });

  test('publishes its metadata to any page', async () => {
    const { latchkey: lock } = makeLock({ tokens: TOKENS });
    const metadata = latchkey(lock).metadata();
    const answer = metadata(new Request(new URL(METADATA_PATH, RESOURCE)));
    expect(await answer?.json()).toEqual({ resource: RESOURCE });
    expect(answer?.headers.get('access-control-allow-origin')).toBe('*');
    expect(metadata(ask())).toBeNull();
  });
});
