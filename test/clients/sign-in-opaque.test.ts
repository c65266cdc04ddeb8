import { describe, expect, it } from 'vitest';
import { createApplication } from './application.ts';
import { echo, signInUpstreams, useSignInSite, work } from './sign-in-site.ts';
import { signingInClients } from './signing-in.ts';

describe.each(signInUpstreams)('the gateway before $name, whose issuer gives opaque tokens', (upstream) => {
  const site = useSignInSite({ upstream, resource: { format: 'opaque' } });

  it.each(signingInClients)('asks the issuer about the token of $name', async (client) => {
    const { gateway, issuer } = site();
    issuer.agreeTo((scope) => scope === 'words:read');
    const application = createApplication();
    const session = await client.connect(gateway.url, application);
    expect(await session.callTool(...echo)).toBe('Echo: hello');
    expect(application.tokens()?.access_token).not.toContain('.');
    issuer.agreeTo(() => true);
    expect(await session.callTool(...work)).toContain('completed');
    await session.close();
  });
});
