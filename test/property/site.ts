import { connect } from 'node:net';
import { createPolicy } from '../../packages/latchkey/src/core/create-policy.ts';
import type { Rule } from '../../packages/latchkey/src/core/policy.ts';
import { Secret } from '../../packages/latchkey/src/core/secret.ts';
import type { TrailEntry } from '../../packages/latchkey/src/core/trail.ts';
import { startGateway } from '../../packages/latchkey/src/gateway/gateway.ts';
import { protectedResourceMetadata } from '../../packages/latchkey/src/lock/protected-resource.ts';
import { createHttpUpstream } from '../../packages/latchkey/src/upstream/http.ts';
import { firstMatch } from '../../packages/latchkey/src/core/first-match.ts';
import { createStaticVerifier } from '../../packages/latchkey/src/verify/static-tokens.ts';
import { toRule } from '../fixtures/rule.ts';
import { startSpyUpstream, type SpyUpstream } from '../fixtures/spy-upstream.ts';
import { FOLD_URI } from '../../packages/latchkey/src/core/resource-uri.ts';

const NO_LIMIT = { count: 1_000_000_000, periodMs: 60_000 };
const rule = (pattern: string): Rule => toRule(pattern, { scopes: ['use'] });

export const TOKEN = 'Kq7w2ZtR9vXs4LmB8nYc';

/** The gateway in this process, so that thousands of requests take seconds, before the real spy. */
export interface PropertySite {
  readonly port: number;
  readonly spy: SpyUpstream;
  readonly trail: readonly TrailEntry[];
  close(): Promise<void>;
}

export async function startPropertySite(): Promise<PropertySite> {
  const spy = await startSpyUpstream();
  const trail: TrailEntry[] = [];
  const upstream = createHttpUpstream({
    url: new URL(spy.url),
    identity: null,
    tokens: null,
    tls: {},
    callTimeoutMs: 5000,
    callMaxMs: 10_000,
    connectTimeoutMs: 5000,
    maxResponseBytes: 1 << 20,
  });
  const policy = createPolicy(
    {
      tools: [rule('echo'), rule('query')],
      resources: [],
      prompts: [],
      methods: [],
      implies: new Map(),
      list: 'callable',
    },
    FOLD_URI,
  );
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    tls: null,
    trusted: null,
    publicUrl: null,
    origins: [],
    servers: [
      {
        name: 'default',
        path: '/mcp',
        resource: '',
        resourceMetadata: '',
        sseMetadata: '',
        protocol: 'both',
        pin: 'off',
        upstream,
        policy,
        sseUrl: null,
      },
    ],
    verifier: firstMatch([createStaticVerifier([new Secret(TOKEN)], { scopes: ['use'], label: 'test' })]),
    anonymous: null,
    encryptedOnly: false,
    unknownTokenStatus: 401,
    proofAlgorithms: null,
    documents: [],
    readiness: () => ({ status: 200, body: '{}' }),
    endpoints: [],
    limits: {
      requestsPerAddress: NO_LIMIT,
      failedPerAddress: NO_LIMIT,
      callsPerCredential: NO_LIMIT,
      bodyBytes: 1 << 20,
      headerBytes: 16_384,
      headersTimeoutMs: 2000,
      bodyTimeoutMs: 2000,
      idleTimeoutMs: 2000,
      streamIdleMs: 10_000,
      sendTimeoutMs: 10_000,
      connectionsPerAddress: 1000,
      connections: 2000,
      sessions: 1000,
      streams: 1000,
      streamsPerAddress: 1000,
      unreadBytes: 1 << 27,
      sessionIdleMs: 60_000,
      sessionYieldMs: 60_000,
      callMaxMs: 60_000,
      listBytes: 1 << 20,
    },
    compat: { sse: true, rest: true },
    trail: { healthy: true, record: (entry) => void trail.push(entry), flush: async () => {}, close: async () => {} },
    pins: { list: () => [], see() {}, accept: () => false },
    sealKey: '00'.repeat(32),
    storeVersion: () => 1,
    endOf: () => null,
    metadata: (resource) => protectedResourceMetadata({ ...resource, authorizationServers: [], proofs: null }),
    rotate: () => ({ kind: 'refused' }),
    log: () => {},
  });
  return {
    port: gateway.port,
    spy,
    trail,
    async close() {
      await gateway.close(0);
      await upstream.close();
      await spy.close();
    },
  };
}

const ANSWER_MS = 1000;

/**
 * Sends bytes as they are and resolves with all that came back once the gateway closed the connection, or after a second
 * without a byte. The sending side stays open: a caller that hangs up is not served.
 */
export function sendBytes(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const done = (): void => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    socket.setTimeout(ANSWER_MS, done);
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
    socket.on('end', done);
    socket.on('error', done);
    socket.write(bytes);
  });
}
