import { describe, expect, it } from 'vitest';
import { createApplication } from './application.ts';
import { echo, signInUpstreams, useSignInSite } from './sign-in-site.ts';
import { signingInOverSse } from './signing-in.ts';

describe.each(signInUpstreams)('the gateway before $name', (upstream) => {
  const site = useSignInSite({ upstream });

  it.each(signingInOverSse)('lets $name sign in for the URL that it was given', async (client) => {
    const { gateway, issuer } = site();
    const sse = gateway.sseUrl ?? '';
    issuer.protect(sse, { scopes: ['words:read'] });
    const application = createApplication();
    const session = await client.connect(gateway.url, application);
    expect(await session.callTool(...echo)).toBe('Echo: hello');
    expect(application.asked).toContain(`${new URL(sse).origin}/.well-known/oauth-protected-resource/sse`);
    expect(issuer.granted.at(-1)).toMatchObject({ resource: sse });
    await session.close();
  });
});
