import { z } from 'zod';
import * as field from './fields.ts';
import { client } from './schema-issuers.ts';

const rule = z.strictObject({
  scopes: field.scopes().prefault([]).describe('Scopes that are needed, all of them.'),
  when: z
    .string({ error: 'expected a condition' })
    .optional()
    .describe('Condition in CEL on args, principal {id, name, kind, client, scopes} and target.'),
  hidden: z.boolean().prefault(false).describe('Not listed, and answered as if it did not exist, for everyone.'),
  deny: z.boolean().prefault(false).describe('Refused for everyone.'),
  limit: field.rate().optional().describe('Calls of one credential.'),
});

const methodRule = z.strictObject({
  scopes: field.scopes().prefault([]).describe('Scopes that are needed, all of them, besides those of the target.'),
  deny: z.boolean().prefault(false).describe('Refused for everyone.'),
});

const tls = z.strictObject({
  ca: field.text().optional().describe('PEM file of the authorities to trust instead of the built-in ones.'),
  insecure: z
    .boolean()
    .prefault(false)
    .describe('Whether plain http may leave this machine. Never turns off certificate checks.'),
});

const identity = z.strictObject({
  header: field.headerName().prefault('Latchkey-Identity').describe('Name of the header.'),
  audience: field
    .text(2048)
    .optional()
    .describe('What the signed header is for (`aud`). Default: the URL of the server, without a query.'),
});

const grant = {
  issuer: field
    .webUrl()
    .optional()
    .describe('Issuer of the tokens. Default: as the server itself says, for clientCredentials only.'),
  tokenUrl: field.webUrl().optional().describe('Token endpoint. Default: as the metadata of the issuer say.'),
  client: client
    .optional()
    .describe('This gateway as a client of the issuer. Default: the client of that issuer in auth.issuers.'),
  scopes: field.scopes().prefault([]).describe('Scopes to ask for. Default: none are named.'),
  resource: z
    .union([field.webUrl(), z.literal(false)], { error: 'expected a URL, or false' })
    .optional()
    .describe(
      'The server as its issuer and its metadata call it (RFC 8707, RFC 9728). Default: its URL, without a query. false: not sent.',
    ),
  audience: field.text(2048).optional().describe('Parameter `audience`, where the issuer wants one.'),
};

const upstreamAuth = z.strictObject({
  clientCredentials: z
    .strictObject(grant)
    .optional()
    .describe(
      'One token for this gateway (OAuth 2.1 §4.2). Beside tokenExchange: for callers whose credential is of no issuer.',
    ),
  tokenExchange: z
    .strictObject({
      ...grant,
      from: z
        .array(field.text(32))
        .min(1)
        .optional()
        .describe('Names in auth.issuers whose tokens are exchanged. Default: the one issuer that there is.'),
    })
    .optional()
    .describe("One token for each caller's own, which goes to the issuer as subject_token (RFC 8693)."),
  tls: z
    .strictObject({ ca: field.text().describe('PEM file of the authorities to trust instead of the built-in ones.') })
    .optional()
    .describe('How the issuer is reached.'),
});

const upstream = z.strictObject({
  command: field.command().optional().describe('Program of a stdio server and its arguments; no shell reads them.'),
  cwd: field.text().optional().describe('Directory it runs in. Default: the directory of this file.'),
  env: z
    .record(field.envName(), field.textOrSecret())
    .optional()
    .describe(
      'Its environment besides PATH, HOME, locale, npm settings, proxies and certificate authorities: text, {env: NAME} or {file: PATH}.',
    ),
  sessions: z
    .enum(['separate', 'shared'], { error: 'expected separate or shared' })
    .optional()
    .describe(
      'Whether each session of a client older than 2026-07-28 has a process of its own (the default), or all share one. Share only a server that keeps nothing of one client that another must not see.',
    ),
  url: field.upstreamUrl().optional().describe('URL of an HTTP server.'),
  headers: z
    .record(field.headerName(), field.textOrSecret())
    .optional()
    .describe('Headers that are added to each request: text, {env: NAME} or {file: PATH}.'),
  identity: identity
    .optional()
    .describe('Tells an HTTP server who asks, by a header that this gateway signs. {} is enough.'),
  auth: upstreamAuth.optional().describe('Access tokens that this gateway gets for an HTTP server.'),
  tls: tls.optional().describe('How an HTTP server is reached.'),
  tools: field
    .text()
    .optional()
    .describe('File with declared tools, such as gantz.yaml; relative to this file. Read again when it changes.'),
  timeout: field.timeout().optional().describe('Time for the first byte of its answer. Default: limits.callTimeout.'),
});

/** What one server has: at the top of the file, or under its name in `servers`. */
export const serverRules = {
  upstream: upstream
    .optional()
    .describe('The server to protect: a command (stdio), a url (HTTP), or tools declared in a file.'),
  protocol: z
    .enum(['both', 'modern', 'legacy'], { error: 'expected both, modern or legacy' })
    .prefault('both')
    .describe('Revisions of MCP that are served: modern is 2026-07-28, legacy all before.'),
  pin: z
    .enum(['off', 'alert', 'block'], { error: 'expected off, alert or block' })
    .prefault('off')
    .describe(
      'What happens when the definition of a tool is no longer the one first seen: nothing, a line in log and trail, or also no call of it until `latchkey tools accept`.',
    ),
  tools: rules(rule).describe('Rules by tool name; * stands for any run of characters.'),
  resources: rules(rule).describe('Rules by resource URI.'),
  prompts: rules(rule).describe('Rules by prompt name.'),
  methods: rules(methodRule).describe(
    'Rules by method, for methods MCP does not define, or more scopes for those it does.',
  ),
  list: z
    .enum(['callable', 'all'], { error: 'expected callable or all' })
    .prefault('callable')
    .describe('Whether lists show what the caller may use, or all that is not hidden or denied.'),
};

function rules<Rule extends z.ZodType>(of: Rule) {
  // Whether a pattern can match at all is found with the order of the rules, where the line is known.
  return z.record(z.string(), of).prefault({} as never);
}
