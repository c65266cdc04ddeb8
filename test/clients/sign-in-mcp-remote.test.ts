import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMcpRemote } from './mcp-remote.ts';
import { echo, signInUpstreams, useSignInSite, work } from './sign-in-site.ts';

describe.each(signInUpstreams)('mcp-remote, at the gateway before $name', (upstream) => {
  const site = useSignInSite({ upstream, refresh: 'always' });
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-mcp-remote-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('registers, has its user sign in, calls a tool and steps up', async () => {
    const { gateway, issuer } = site();
    issuer.agreeTo((scope) => scope === 'words:read');
    const remote = await startMcpRemote(gateway.url, folder);
    expect(await remote.listTools()).toContain('echo');
    expect(await remote.callTool(...echo)).toBe('Echo: hello');
    expect(issuer.registered).toHaveLength(1);
    issuer.agreeTo(() => true);
    expect(await remote.callTool(...work)).toContain('completed');
    await remote.close();
  });

  it('needs nobody the next time', async () => {
    const { gateway, issuer } = site();
    const before = issuer.consents.length;
    const remote = await startMcpRemote(gateway.url, folder);
    expect(await remote.callTool(...echo)).toBe('Echo: hello');
    expect(issuer.consents).toHaveLength(before);
    await remote.close();
  });
});

describe.each(signInUpstreams)('mcp-remote, at the gateway before $name, half open', (upstream) => {
  const site = useSignInSite({ upstream, auth: { anonymous: { scopes: ['words:read'] } } });

  it('has its user sign in where a tool needs that', async () => {
    const { gateway, issuer } = site();
    const remote = await startMcpRemote(gateway.url);
    expect(await remote.callTool(...echo)).toBe('Echo: hello');
    expect(issuer.granted).toEqual([]);
    expect(await remote.callTool(...work)).toContain('completed');
    await remote.close();
  });
});

describe.each(signInUpstreams)('mcp-remote, at the gateway before $name, with tokens that soon end', (upstream) => {
  // As for the other clients: the gateway takes them for five seconds or so.
  const site = useSignInSite({ upstream, refresh: 'always', clockBehindSeconds: 25, resource: { ttlSeconds: 1 } });

  it('refreshes without its user', async () => {
    const { gateway, issuer } = site();
    const remote = await startMcpRemote(gateway.url);
    const seeGrants = async (): Promise<string[]> => {
      expect(await remote.callTool(...echo)).toBe('Echo: hello');
      return issuer.granted.map(({ grantType }) => grantType);
    };
    await expect.poll(seeGrants, { interval: 500, timeout: 30_000 }).toContain('refresh_token');
    expect((await seeGrants()).filter((grant) => grant === 'authorization_code')).toHaveLength(1);
    await remote.close();
  });
});
