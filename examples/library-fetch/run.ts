import { createJwtTokens, startTestIssuer } from 'latchkey/testing';
import { createApp } from './app.ts';

const RESOURCE = 'https://api.example/report';

const issuer = await startTestIssuer({ audience: RESOURCE });
const tokens = createJwtTokens(issuer, { scope: 'report:read' });
const app = createApp(RESOURCE, issuer.url);

async function ask(what: string, token: string | null): Promise<void> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await app(new Request(RESOURCE, { headers }));
  const [challenge] = response.headers.get('www-authenticate')?.split(', DPoP') ?? [];
  console.log(`${what}: ${response.status} ${response.ok ? await response.text() : challenge}`);
}

await ask('no token', null);
await ask('a valid token', await tokens.valid());
await ask('an expired one', await tokens.expired());
await ask('one for another server', await tokens.wrongAudience());
await ask('one without a signature', await tokens.unsigned());
await ask('one without the scope', await tokens.wrongScope());
await issuer.close();
