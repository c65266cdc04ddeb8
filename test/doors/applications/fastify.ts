import { METHODS } from 'node:http';
import { fastify } from 'fastify';
import { latchkey } from 'latchkey/fastify';
import { NOT_FOUND, passOnJudged, type Application } from '../application.ts';

export const application: Application = async ({ lock, upstream, server }) => {
  const { protectMcp, metadata } = latchkey(lock);
  const app = fastify({ serverFactory: (handler) => server.on('request', handler) });
  for (const method of METHODS) app.addHttpMethod(method);
  await app.register(metadata());
  app.all('/mcp', { onRequest: protectMcp() }, (request, reply) => {
    reply.hijack();
    return passOnJudged(upstream, request.raw, reply.raw);
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).type('application/json').send(NOT_FOUND));
  await app.ready();
  // It listens by itself.
  return () => {};
};
