import { METHODS } from 'node:http';
import { fastify } from 'fastify';
import { latchkey } from 'latchkey/fastify';
import { HEALTH, NOT_FOUND, OK, type Application } from '../application.ts';
import { passOnRaw } from '../pass-through.ts';

export const application: Application = async ({ lock, upstream, server }) => {
  const { protectMcp, metadata } = latchkey(lock);
  const app = fastify({ serverFactory: (handler) => server.on('request', handler) });
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  // The bytes of a body, of whatever type: the door says which are messages.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  await app.register(metadata());
  app.all('/mcp', { onRequest: protectMcp() }, (request, reply) => {
    reply.hijack();
    return passOnRaw(upstream, request.raw, reply.raw, (request.body as Buffer | undefined) ?? null);
  });
  for (const path of HEALTH) app.get(path, (_request, reply) => reply.type('application/json').send(OK));
  app.setNotFoundHandler((_request, reply) => reply.code(404).type('application/json').send(NOT_FOUND));
  await app.ready();
  // It listens by itself.
  return () => {};
};
