import { afterEach, describe, expect, it } from 'vitest';
import { createApplication } from './application.ts';
import { echo, signInUpstreams, useSignInSite, work } from './sign-in-site.ts';
import { signingInClients } from './signing-in.ts';

describe.each(signInUpstreams)('the gateway before $name', (upstream) => {
  const site = useSignInSite({ upstream });
  afterEach(() => site().issuer.agreeTo(() => true));

  it.each(signingInClients)('has $name step up from one scope to the two that a call needs', async (client) => {
    const { gateway, issuer } = site();
    issuer.agreeTo((scope) => scope === 'words:read');
    const application = createApplication();
    const session = await client.connect(gateway.url, application);
    expect(await session.callTool(...echo)).toBe('Echo: hello');
    expect(application.tokens()?.scope).toBe('words:read');

    issuer.agreeTo(() => true);
    expect(await session.callTool(...work)).toContain('completed');
    expect(application.tokens()?.scope?.split(' ')).toEqual(expect.arrayContaining(['work:start', 'work:watch']));
    await session.close();
  });

  it.each(signingInClients)('leaves $name with its refusal where the user does not agree to more', async (client) => {
    const { gateway, issuer } = site();
    issuer.agreeTo((scope) => scope === 'words:read');
    const session = await client.connect(gateway.url, createApplication());
    expect(await session.callTool(...echo)).toBe('Echo: hello');
    issuer.agreeTo((scope) => scope !== 'work:watch');
    await expect(session.callTool(...work)).rejects.toThrow(/403|scope|Unauthorized/);
    await session.close();
  });
});
