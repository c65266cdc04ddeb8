import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { latchkey } from 'latchkey/fetch';
import { HEALTH, JSON_TYPE, NOT_FOUND, OK, type Application } from '../application.ts';
import { passOnWeb } from '../pass-through.ts';

export const application: Application = ({ lock, upstream }) => {
  const { protectMcp, metadata } = latchkey(lock, {
    addressOf: (_request, { incoming }: HttpBindings) => incoming.socket.remoteAddress ?? '',
    rawHeaders: (_request, { incoming }: HttpBindings) => incoming.rawHeaders,
  });
  const mcp = protectMcp((request) => passOnWeb(upstream, request));
  const published = metadata();
  return getRequestListener((request, bindings) => {
    if (new URL(request.url).pathname === '/mcp') return mcp(request, bindings as HttpBindings);
    if (HEALTH.includes(new URL(request.url).pathname)) return new Response(OK, { headers: JSON_TYPE });
    return published(request) ?? new Response(NOT_FOUND, { status: 404, headers: JSON_TYPE });
  });
};
