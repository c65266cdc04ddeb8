import express from 'express';
import { latchkey } from 'latchkey/express';
import { HEALTH, NOT_FOUND, OK, passOnJudged, type Application } from '../application.ts';

export const application: Application = ({ lock, upstream }) => {
  const { protectMcp, metadata } = latchkey(lock);
  const app = express().disable('x-powered-by').enable('strict routing').enable('case sensitive routing');
  app.use(metadata());
  app.all('/mcp', protectMcp(), (request, response) => passOnJudged(upstream, request, response));
  for (const path of HEALTH) app.get(path, (_request, response) => void response.type('application/json').send(OK));
  app.use((_request, response) => void response.status(404).type('json').send(NOT_FOUND));
  return app;
};
