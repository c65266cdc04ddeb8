import { Hono } from 'hono';
import { createLatchkey, jwt } from '../../packages/latchkey/src/fetch.ts';
import { latchkey, type LatchkeyVariables } from '../../packages/latchkey/src/hono.ts';

interface Variables {
  readonly RESOURCE: string;
  readonly ISSUER: string;
}

/** A worker of Hono with a route and an MCP endpoint. */
function createApp({ RESOURCE, ISSUER }: Variables): Hono<{ Variables: LatchkeyVariables }> {
  const lock = createLatchkey({
    resource: RESOURCE,
    verifiers: [jwt({ issuer: ISSUER })],
    policy: { tools: { echo: { scopes: ['mcp'] } }, scopes: { report: {} } },
  });
  const { metadata, protect, protectMcp } = latchkey(lock);
  const app = new Hono<{ Variables: LatchkeyVariables }>();
  app.use(metadata());
  app.get('/report', protect({ scopes: ['report'] }), (c) => c.text(c.get('principal').name));
  app.post('/mcp', protectMcp(), async (c) => {
    const { id, params } = await c.req.json<{ id: number; params: { name: string } }>();
    return c.json({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: params.name }] } });
  });
  return app;
}

let app: ReturnType<typeof createApp> | undefined;

export default {
  fetch: (request: Request, variables: Variables): Response | Promise<Response> =>
    (app ??= createApp(variables)).fetch(request),
};
