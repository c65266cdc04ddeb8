// What nginx's auth_request asks: is this bearer token known? Usage: token-service.ts PORT TOKENS.json
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const known = new Set(Object.keys(JSON.parse(readFileSync(process.argv[3] ?? '', 'utf8')) as object));

const server = createServer((request, response) => {
  const { authorization = '' } = request.headers;
  const token = authorization.startsWith('Bearer ') ? authorization.slice(7) : '';
  response.writeHead(known.has(hash('sha256', token)) ? 204 : 401).end();
});

server.keepAliveTimeout = 600_000;
server.listen(Number(process.argv[2]), '127.0.0.1');
