import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { latchkey, type LatchkeyVariables } from 'latchkey/hono';
import { HEALTH, JSON_TYPE, NOT_FOUND, OK, type Application } from '../application.ts';
import { passOnWeb } from '../pass-through.ts';

export const application: Application = ({ lock, upstream }) => {
  const { protectMcp, metadata } = latchkey(lock);
  const app = new Hono<{ Variables: LatchkeyVariables }>();
  app.use(metadata());
  app.all('/mcp', protectMcp(), (c) => passOnWeb(upstream, c.req.raw));
  for (const path of HEALTH) app.get(path, (c) => c.body(OK, 200, JSON_TYPE));
  app.notFound((c) => c.body(NOT_FOUND, 404, JSON_TYPE));
  return getRequestListener(app.fetch);
};
