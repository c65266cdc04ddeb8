// One server of the door benchmark: `node bench/doors/server.ts KIND.json`. Says what it used when it gets SIGUSR2.
import { hash } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { getRequestListener } from '@hono/node-server';
import { requireBearerAuth as requireBearerV2 } from '@modelcontextprotocol/express';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer, OAuthError, OAuthErrorCode, type AuthInfo } from '@modelcontextprotocol/server';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth as requireBearerV1 } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import express, { type RequestHandler } from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { createLatchkey, jwt, openStore, type Latchkey } from 'latchkey';
import { latchkey as forExpress } from 'latchkey/express';
import { latchkey as forFastify } from 'latchkey/fastify';
import { latchkey as forFetch } from 'latchkey/fetch';
import { latchkey as forHono } from 'latchkey/hono';
import { latchkey as forNode } from 'latchkey/node';
import { z } from 'zod';
import { AUDIENCE, ISSUER } from '../jwts.ts';
import { answerText, SCOPE, TOOL } from '../request.ts';
import { addByHand } from './by-hand.ts';
import type { DoorKind, Framework } from './kinds.ts';

interface Given extends DoorKind {
  readonly port: number;
  readonly tokens: readonly string[];
  readonly jwks: string;
  readonly store: string;
}

const given = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Given;
const byHash = given.credential === 'token' || given.credential === 'row';
const RESOURCE = byHash ? `http://127.0.0.1:${given.port}/mcp` : AUDIENCE;
const SCOPES = [SCOPE];
const MUCH = '100000000/min';

/** Latchkey as it is by default, with the trail where that is wanted; the limits count every request and stop none. */
async function createLock(): Promise<Latchkey> {
  return createLatchkey({
    resource: RESOURCE,
    hosts: [`127.0.0.1:${given.port}`],
    store: await openStore(given.store),
    ...(byHash ? {} : { verifiers: [jwt({ issuer: ISSUER, jwks: { file: given.jwks } })] }),
    policy: { tools: { [TOOL]: { scopes: SCOPES } } },
    limits: { callsPerCredential: MUCH, requestsPerAddress: MUCH },
    ...(given.trail ? {} : { trail: false }),
  });
}

interface TokenVerifier {
  verifyAccessToken(token: string): Promise<AuthInfo>;
}

/** What somebody would write for the SDK: tokens by their hash in a map or a table, or JWTs by jose. */
function createTokenVerifier(invalid: (why: string) => Error): TokenVerifier {
  if (given.credential === 'row') return lookUpRows(invalid);
  return given.credential === 'token' ? lookUpHashes(invalid) : verifyJwts(invalid);
}

function lookUpHashes(invalid: (why: string) => Error): TokenVerifier {
  const expiresAt = Math.floor(Date.now() / 1000) + 3600;
  const known = new Map(
    given.tokens.map((token, at) => [hash('sha256', token), { clientId: `bench-${at}`, scopes: SCOPES, expiresAt }]),
  );
  return {
    async verifyAccessToken(token) {
      const found = known.get(hash('sha256', token));
      if (found === undefined) throw invalid('not known');
      return { token, ...found };
    },
  };
}

/** The same where revoking a token in another process is to have an effect. */
function lookUpRows(invalid: (why: string) => Error): TokenVerifier {
  const db = new DatabaseSync(`${given.store}.db`);
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE tokens (hash TEXT PRIMARY KEY, client TEXT, expires INTEGER)');
  const insert = db.prepare('INSERT INTO tokens VALUES (?, ?, ?)');
  const expires = Math.floor(Date.now() / 1000) + 3600;
  for (const [at, token] of given.tokens.entries()) insert.run(hash('sha256', token), `bench-${at}`, expires);
  const select = db.prepare('SELECT client, expires FROM tokens WHERE hash = ?');
  return {
    async verifyAccessToken(token) {
      const found = select.get(hash('sha256', token)) as { client: string; expires: number } | undefined;
      if (found === undefined) throw invalid('not known');
      return { token, clientId: found.client, scopes: SCOPES, expiresAt: found.expires };
    },
  };
}

function verifyJwts(invalid: (why: string) => Error): TokenVerifier {
  const keys = createLocalJWKSet(JSON.parse(readFileSync(given.jwks, 'utf8')) as JSONWebKeySet);
  const options = { issuer: ISSUER, audience: AUDIENCE, typ: 'at+jwt', algorithms: [given.credential] };
  return {
    async verifyAccessToken(token) {
      try {
        const { payload } = await jwtVerify(token, keys, options);
        const { client_id: clientId, scope, exp } = payload as Record<string, unknown>;
        return { token, clientId: String(clientId), scopes: String(scope).split(' '), expiresAt: Number(exp) };
      } catch {
        throw invalid('not valid');
      }
    },
  };
}

const v2 = (): RequestHandler =>
  requireBearerV2({
    requiredScopes: SCOPES,
    verifier: createTokenVerifier((why) => new OAuthError(OAuthErrorCode.InvalidToken, why)),
  });
const v1 = (): RequestHandler =>
  requireBearerV1({ requiredScopes: SCOPES, verifier: createTokenVerifier((why) => new InvalidTokenError(why)) });

const REPORT = { report: 'ready' };
const BODY = JSON.stringify(REPORT);
const JSON_TYPE = { 'content-type': 'application/json' };
const guarded = given.lock !== 'none';

async function expressGuards(): Promise<RequestHandler[]> {
  if (given.lock === 'latchkey') return [forExpress(await createLock()).protect({ scopes: SCOPES })];
  if (given.lock === 'none') return [];
  const guard = given.lock === 'sdk-v2' ? v2() : v1();
  return given.byHand ? addByHand(guard, given.store) : [guard];
}

const sendReport: RequestListener = (_request, response) => void response.writeHead(200, JSON_TYPE).end(BODY);
const toReport = (): Response => Response.json(REPORT);

const SERVERS: Readonly<Record<Framework, (server: Server) => Promise<RequestListener>>> = {
  async express() {
    const app = express();
    app.get('/report', ...(await expressGuards()), (_request, response) => void response.json(REPORT));
    return app;
  },
  async fastify(server) {
    const app = fastify({ serverFactory: (handler) => server.on('request', handler) });
    const onRequest = guarded ? [forFastify(await createLock()).protect({ scopes: SCOPES })] : [];
    app.get('/report', { onRequest }, () => REPORT);
    await app.ready();
    return () => {};
  },
  async hono() {
    const app = new Hono();
    if (guarded) app.use('/report', forHono(await createLock()).protect({ scopes: SCOPES }));
    app.get('/report', (c) => c.json(REPORT));
    return getRequestListener(app.fetch);
  },
  async node() {
    return guarded ? forNode(await createLock()).protect({ scopes: SCOPES }, sendReport) : sendReport;
  },
  async fetch() {
    const served = guarded ? forFetch(await createLock()).protect({ scopes: SCOPES }, toReport) : toReport;
    return getRequestListener((request) => served(request));
  },
  async mcp() {
    const app = express();
    const handle = toNodeHandler(createMcpHandler(createEcho));
    const before: RequestHandler[] =
      given.lock === 'latchkey'
        ? [forExpress(await createLock()).protectMcp()]
        : [...(await expressGuards()), express.json({ limit: '1mb' })];
    app.post('/mcp', ...before, (request, response) => void handle(request, response, request.body));
    return app;
  },
};

function createEcho(): McpServer {
  const server = new McpServer({ name: 'echo', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.registerTool(TOOL, { inputSchema: z.object({ message: z.string() }) }, ({ message }) => ({
    content: [{ type: 'text', text: answerText(message) }],
  }));
  return server;
}

const server = createServer();
server.keepAliveTimeout = 600_000;
server.requestTimeout = 0;
server.on('request', await SERVERS[given.framework](server));
process.on('SIGUSR2', () => {
  const { user, system } = process.cpuUsage();
  writeSync(1, `${user + system}\n`);
});
server.listen(given.port, '127.0.0.1');
