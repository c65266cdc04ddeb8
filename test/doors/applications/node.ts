import { latchkey } from 'latchkey/node';
import { HEALTH, JSON_TYPE, NOT_FOUND, OK, passOnJudged, type Application } from '../application.ts';

export const application: Application = ({ lock, upstream }) => {
  const { protectMcp, metadata } = latchkey(lock);
  const mcp = protectMcp((request, response) => passOnJudged(upstream, request, response));
  return metadata((request, response) => {
    if (request.url?.split('?', 1)[0] === '/mcp') mcp(request, response);
    else if (HEALTH.includes(request.url ?? '')) response.writeHead(200, JSON_TYPE).end(OK);
    else response.writeHead(404, JSON_TYPE).end(NOT_FOUND);
  });
};
