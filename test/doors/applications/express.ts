import express from 'express';
import { latchkey } from 'latchkey/express';
import { NOT_FOUND, passOnJudged, type Application } from '../application.ts';

export const application: Application = ({ lock, upstream }) => {
  const { protectMcp, metadata } = latchkey(lock);
  const app = express().disable('x-powered-by');
  app.use(metadata());
  app.all('/mcp', protectMcp(), (request, response) => passOnJudged(upstream, request, response));
  app.use((_request, response) => void response.status(404).type('json').send(NOT_FOUND));
  return app;
};
