import { describe, expect, it } from 'vitest';
import { createApplication } from './application.ts';
import { echo, signInUpstreams, useSignInSite, work } from './sign-in-site.ts';
import { signingInClients } from './signing-in.ts';

describe.each(signInUpstreams)('the gateway before $name, half open', (upstream) => {
  const site = useSignInSite({ upstream, auth: { anonymous: { scopes: ['words:read'] } } });

  it.each(signingInClients)('serves $name unknown, and has it sign in where a tool needs that', async (client) => {
    const { gateway, issuer } = site();
    const before = issuer.granted.length;
    const application = createApplication();
    const session = await client.connect(gateway.url, application);
    expect(await session.callTool(...echo)).toBe('Echo: hello');
    expect(issuer.granted).toHaveLength(before);
    expect(application.tokens()).toBeUndefined();

    expect(await session.callTool(...work)).toContain('completed');
    expect(issuer.granted).toHaveLength(before + 1);
    expect(await session.callTool(...echo)).toBe('Echo: hello');
    await session.close();
  });
});
