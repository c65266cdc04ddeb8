import { describe, expect, it } from 'vitest';
import { createApplication } from './application.ts';
import { echo, signInUpstreams, useSignInSite } from './sign-in-site.ts';
import { signingInClients } from './signing-in.ts';

describe.each(signInUpstreams)('the gateway before $name', (upstream) => {
  // The gateway allows clocks to differ by 30 seconds, of which these tokens have used up 25 when they are made.
  const site = useSignInSite({ upstream, refresh: 'always', clockBehindSeconds: 25, resource: { ttlSeconds: 1 } });

  it.each(signingInClients)('has $name refresh its token within a session', async (client) => {
    const { gateway, issuer } = site();
    const application = createApplication();
    const session = await client.connect(gateway.url, application);
    const grants = (): string[] =>
      issuer.granted.filter(({ clientId }) => clientId === application.clientId()).map(({ grantType }) => grantType);
    await expect
      .poll(
        async () => {
          expect(await session.callTool(...echo)).toBe('Echo: hello');
          return grants();
        },
        { interval: 500, timeout: 30_000 },
      )
      .toContain('refresh_token');
    expect(grants().filter((grant) => grant === 'authorization_code')).toHaveLength(1);
    expect(await session.callTool(...echo)).toBe('Echo: hello');
    await session.close();
  });
});
