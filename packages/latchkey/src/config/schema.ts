import { z } from 'zod';
import { DEFAULT_LIMITS, MOST_OPEN } from '../core/default-limits.ts';
import * as field from './fields.ts';
import { forwardAuth } from './schema-forward.ts';
import { dpop, issuers } from './schema-issuers.ts';
import { serverRules } from './schema-server.ts';

const tokens = z.strictObject({
  prefix: prefix('lk_').describe('First characters of the tokens this gateway issues.'),
  ttl: field.duration().prefault('24h').describe('How long a new token lives, unless its maker says otherwise.'),
  rotate: z
    .strictObject({
      every: field.duration().describe('A token is replaced when it is this old. Shorter than ttl.'),
      grace: field.duration().prefault('10m').describe('How long the replaced token still works.'),
      deliver: z
        .strictObject({
          file: field.text().optional().describe('File the new token is written to, readable by its owner only.'),
          command: field.command().optional().describe('Program that gets the new token on its standard input.'),
        })
        .refine((to) => (to.file === undefined) !== (to.command === undefined), {
          error: 'give either file or command',
        })
        .describe('Where the new token goes.'),
    })
    .optional()
    .describe('Automatic rotation of the token `default`; absent: none.'),
});

function prefix(preset: string) {
  return field
    .text(16)
    .regex(/^[a-z][a-z0-9]*_$/, { error: 'is of small letters and digits and ends in _' })
    .prefault(preset);
}

const auth = z.strictObject({
  enabled: z.boolean().prefault(true).describe('Whether a credential is needed. false works on loopback only.'),
  anonymous: z
    .strictObject({ scopes: field.scopes().prefault([]).describe('Scopes of callers without a credential.') })
    .optional()
    .describe('What callers without a credential may do; absent: nothing, they get 401.'),
  tokens: tokens.prefault({}).describe('Tokens this gateway issues.'),
  keys: z
    .strictObject({ prefix: prefix('lkk_').describe('First characters of the API keys this gateway issues.') })
    .prefault({})
    .describe('API keys this gateway issues.'),
  static: z
    .strictObject({
      env: field
        .envName()
        .prefault('MCP_AUTH_TOKENS')
        .describe('Environment variable with the tokens, parted by commas.'),
      scopes: field.heldScopes().prefault(['*']).describe('Scopes of these tokens; * is every scope.'),
    })
    .optional()
    .describe('Tokens from the environment. Also on, with these defaults, when MCP_AUTH_TOKENS is set.'),
  issuers: issuers.prefault({}).describe('Issuers whose access tokens are taken, by a name of your own.'),
  dpop: dpop.prefault({}).describe('Tokens that are bound to a key of the client.'),
  unknownTokenStatus: z
    .union([z.literal(401), z.literal(403)], { error: 'expected 401 or 403' })
    .prefault(401)
    .describe('HTTP status for a token that is not known. MCP wants 401.'),
});

const limits = z.strictObject({
  failedPerAddress: field
    .rate()
    .prefault(DEFAULT_LIMITS.failedPerAddress)
    .describe('Failed credentials from one address.'),
  requestsPerAddress: field.rate().prefault(DEFAULT_LIMITS.requestsPerAddress).describe('Requests from one address.'),
  callsPerCredential: field
    .rate()
    .prefault(DEFAULT_LIMITS.callsPerCredential)
    .describe('Requests with one credential.'),
  bodyBytes: field.size().prefault(DEFAULT_LIMITS.bodyBytes).describe('Size of a request body.'),
  headerBytes: field.size().prefault('16KiB').describe('Size of all request headers together.'),
  headersTimeout: field.timeout().prefault('10s').describe('Time for the headers to arrive.'),
  bodyTimeout: field.timeout().prefault('15s').describe('Time for the body to arrive.'),
  idleTimeout: field.timeout().prefault('60s').describe('Time a connection may stay open between requests.'),
  streamIdle: field.timeout().prefault('30m').describe('Time a stream may stay open with nothing sent on it.'),
  sendTimeout: field
    .timeout()
    .prefault('60s')
    .describe('Time in which a caller must take something of what waits for it.'),
  callTimeout: field
    .timeout()
    .prefault('120s')
    .describe(
      'Time for the first byte of an answer from the server behind. A declared tool has its own; its calls get this besides, to wait for their turn.',
    ),
  callMax: field
    .timeout()
    .prefault('30m')
    .describe('Time for a whole call that an HTTP server answers with a stream. Not for subscriptions.'),
  startTimeout: field
    .timeout()
    .prefault('60s')
    .describe('Time for a stdio server to start and answer its first question.'),
  sessions: field
    .count(MOST_OPEN)
    .prefault(DEFAULT_LIMITS.sessions)
    .describe('Open sessions of one credential. One that was left alone for `sessionYield` gives up its place.'),
  streams: field.count(MOST_OPEN).prefault(DEFAULT_LIMITS.streams).describe('Open streams of one credential.'),
  streamsPerAddress: field.count(100_000).prefault(200).describe('Open streams from one address.'),
  unreadBytes: field
    .size()
    .prefault('128MiB')
    .describe('Size of what one credential leaves unread, all its answers together.'),
  sessionIdle: field.timeout().prefault('30m').describe('Time until a session without requests ends.'),
  sessionYield: field
    .timeout()
    .prefault('1m')
    .describe('Time until a session without requests may be ended because another needs its place.'),
  connectionsPerAddress: field
    .count(100_000)
    .prefault(200)
    .describe('Open connections from one address; a trusted proxy is held by `connections` alone.'),
  connections: field.count(1_000_000).prefault(5000).describe('Open connections, all addresses together.'),
  children: field
    .count(10_000)
    .prefault(32)
    .describe('Processes of one stdio server, all its sessions together; of declared tools, calls that run at a time.'),
  responseBytes: field
    .size()
    .prefault('64MiB')
    .describe('Size of one answer of the server behind; of a stream that answers a call, all of it.'),
  listBytes: field
    .size()
    .prefault(DEFAULT_LIMITS.listBytes)
    .describe('Size of a list answer, which is held to be filtered.'),
});

/** The whole configuration file: the only truth for its types, its JSON Schema and docs/config.md. */
export const configSchema = z.strictObject({
  listen: field
    .address()
    .prefault('127.0.0.1:8787')
    .describe('Address to listen on: HOST:PORT, [::1]:PORT, or :PORT for loopback. Port 0 is any.'),
  publicUrl: field
    .webUrl()
    .optional()
    .describe('The URL clients know this gateway by, without the path of a server. Needed beyond loopback.'),
  ...serverRules,
  servers: z
    .record(field.text(32), z.strictObject(serverRules))
    .optional()
    .describe(
      'Several servers behind one gateway, each at /NAME/mcp, instead of one upstream and its rules at the top.',
    ),
  scopes: z
    .record(
      field.scope(),
      z.strictObject({ implies: field.scopes().prefault([]).describe('Scopes its holder has too.') }),
    )
    .prefault({})
    .describe('What scopes imply.'),
  auth: auth.prefault({}).describe('Credentials.'),
  limits: limits.prefault({}).describe('Limits. Rates are COUNT/PERIOD, times have a unit, sizes too.'),
  tls: z
    .strictObject({
      cert: field.text().describe('PEM file of the certificate and its chain.'),
      key: field.text().describe('PEM file of the private key.'),
    })
    .optional()
    .describe('Serve HTTPS. The files are read again when they change.'),
  behindProxy: z
    .strictObject({
      trusted: z
        .array(field.network())
        .min(1)
        .max(100)
        .describe('Addresses or networks of proxies whose X-Forwarded-For and -Proto are believed.'),
    })
    .optional()
    .describe('A proxy in front ends TLS.'),
  forwardAuth: forwardAuth.optional().describe('For `latchkey forward-auth` only: who asks, and what stands behind.'),
  origins: z.array(field.origin()).max(100).prefault([]).describe('Origins of web pages that may call.'),
  compat: z
    .strictObject({
      sse: z
        .boolean()
        .prefault(true)
        .describe('Serve the deprecated HTTP+SSE transport of 2024-11-05 too, at /sse and /messages beside /mcp.'),
      rest: z
        .boolean()
        .prefault(false)
        .describe('Serve GET /mcp/tools and POST /mcp/tools/call, for programs that speak no MCP.'),
    })
    .prefault({})
    .describe('Older and simpler ways in, behind the same rules.'),
  store: field
    .text()
    .optional()
    .describe(
      'Directory of the store. Default: $XDG_STATE_HOME/latchkey or ~/.local/state/latchkey. An empty or relative $XDG_STATE_HOME or $HOME is passed over.',
    ),
  trail: z
    .strictObject({
      retention: field.duration().prefault('90d').describe('How long the store keeps the trail.'),
    })
    .prefault({})
    .describe('The audit trail.'),
});

/** What a file, flags or the environment may give. */
export type ConfigInput = z.input<typeof configSchema>;
/** As read: durations in milliseconds, sizes in bytes, rates as count and period. */
export type Settings = z.output<typeof configSchema>;
