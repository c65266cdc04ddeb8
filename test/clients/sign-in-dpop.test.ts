import { describe, expect, it } from 'vitest';
import { createApplication } from './application.ts';
import { echo, signInUpstreams, useSignInSite } from './sign-in-site.ts';
import { signingInClients } from './signing-in.ts';

const [upstream] = signInUpstreams;
if (upstream === undefined) throw new Error('there is no upstream to stand before');
// Nothing older than the second SDK can prove that it holds a key.
const clients = signingInClients.filter(({ name }) => name.startsWith('SDK v2'));

describe.each([
  { what: 'takes bound tokens', dpop: {} },
  { what: 'takes nothing else', dpop: { required: true } },
  { what: 'wants its own nonce in proofs', dpop: { required: true, nonce: true } },
])('the gateway, where it $what', ({ dpop }) => {
  const site = useSignInSite({ upstream, auth: { dpop } });

  it.each(clients)('is called by $name with a proof each time', async (client) => {
    const application = createApplication({ dpop: true });
    const session = await client.connect(site().gateway.url, application);
    expect(await session.callTool(...echo)).toBe('Echo: hello');
    expect(await session.callTool(...echo)).toBe('Echo: hello');
    expect(application.tokens()?.token_type.toLowerCase()).toBe('dpop');
    await session.close();
  });
});

describe('the gateway, where tokens must be bound', () => {
  const site = useSignInSite({ upstream, auth: { dpop: { required: true } } });

  it.each(clients)('lets nobody in who has $name without a key', async (client) => {
    const connected = client.connect(site().gateway.url, createApplication());
    await expect(connected).rejects.toThrow(/401|Unauthorized/);
  });
});
