import { describe, expect, it } from 'vitest';
import { createApplication } from './application.ts';
import { documentUrl, echo, useSignInSite } from './sign-in-site.ts';
import { signingInClients } from './signing-in.ts';
import { upstreams } from './upstreams.ts';

describe.each(upstreams.filter(({ ours }) => ours))('the gateway before $name', (upstream) => {
  const site = useSignInSite({ upstream });

  it.each(signingInClients)('lets $name find the issuer, register itself, sign in and call a tool', async (client) => {
    const { gateway, issuer } = site();
    const application = createApplication();
    const before = issuer.registered.length;
    const session = await client.connect(gateway.url, application);
    expect(await session.callTool(...echo)).toBe('Echo: hello');
    expect(session.era).toBe(client.era);
    expect(await session.listTools()).toContain('echo');
    expect(application.asked).toContain(`${new URL(gateway.url).origin}/.well-known/oauth-protected-resource/mcp`);
    expect(application.asked).toContain(`${issuer.url}/.well-known/oauth-authorization-server`);
    expect(issuer.registered.length).toBe(before + 1);
    expect(issuer.granted.at(-1)).toMatchObject({ grantType: 'authorization_code', resource: gateway.url });
    await session.close();
  });

  it.each(signingInClients)('lets $name sign in under the name of its metadata document', async (client) => {
    const { gateway, issuer } = site();
    const before = issuer.registered.length;
    const session = await client.connect(gateway.url, createApplication({ documentUrl }));
    expect(await session.callTool(...echo)).toBe('Echo: hello');
    expect(issuer.registered.length).toBe(before);
    expect(issuer.granted.at(-1)).toMatchObject({ clientId: documentUrl });
    await session.close();
  });
});
