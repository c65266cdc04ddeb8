import path from 'node:path';
import { z } from 'zod';
import { createIssuerVerifier } from './compose-issuers.ts';
import { checkLookups } from './config/check-lookups.ts';
import { checkIssuers } from './config/check-issuers.ts';
import * as field from './config/fields.ts';
import { createIssuer, type IssuerConfig } from './config/issuers/issuer-config.ts';
import type { Problem } from './config/problem.ts';
import { readSchema } from './config/read-schema.ts';
import { client as clientSchema, issuer as issuerSchema } from './config/schema-issuers.ts';
import { readSecret } from './config/secret-source.ts';
import { Secret } from './core/secret.ts';
import type { Verifier } from './core/verifier.ts';
import { whenReady } from './core/when-ready.ts';
import { createFaults, type Faults } from './lock/faults.ts';
import type { VerifierAround, LockVerifier } from './lock/options.ts';
import { readHeldScopes, readMembers } from './lock/read-option.ts';
import { createStaticVerifier, parseStaticTokens } from './verify/static-tokens.ts';

const client = clientSchema.extend({
  secret: z
    .union([field.secret(), field.text(8192)], { error: 'expected its text, {env: NAME} or {file: PATH}' })
    .optional(),
});
// The endpoints of the authorization proxy are the gateway's.
const signed = issuerSchema
  .omit({ authorizationProxy: true, introspection: true, userinfo: true })
  .extend({ client: client.optional() });
const asked = signed.extend({
  client,
  url: field.webUrl().optional(),
  always: z.boolean().prefault(false),
});

interface Named {
  /** Part of the ids of principals. Default: that of the preset, else `oidc`. */
  readonly name?: string;
}

/** An issuer of access tokens, in the words of `auth.issuers` in latchkey.yaml. Relative paths are of the working directory. */
export type JwtOptions = z.input<typeof signed> & Named;

/** The same, and this server as its client. `url`: where tokens are introspected; `always`: JWTs too. */
export type IntrospectionOptions = z.input<typeof asked> & Named;

/** Makes the verifier of an issuer; those of several are joined, so that each is asked about its own tokens only. */
export interface IssuerVerifier {
  (around: VerifierAround): LockVerifier;
  readonly settings: z.output<typeof issuerSchema>;
  readonly config: IssuerConfig;
}

/**
 * Takes the signed access tokens of an issuer (RFC 9068), by its published keys. Asks it nothing yet. Throws a TypeError
 * that names everything that is wrong with the options.
 */
export function jwt(options: JwtOptions): IssuerVerifier {
  return readIssuer('jwt', expectOptions('jwt', options), signed, {});
}

/**
 * Takes the opaque access tokens of an issuer, by asking it (RFC 7662), and its signed ones by its keys. What it says is
 * believed for a minute. Throws a TypeError that names everything that is wrong with the options.
 */
export function introspection(options: IntrospectionOptions): IssuerVerifier {
  const { url, always } = expectOptions('introspection', options);
  const asking = { ...(url === undefined ? {} : { url }), ...(always === undefined ? {} : { always }) };
  return readIssuer('introspection', options, asked, { introspection: asking });
}

function expectOptions<Options>(of: string, options: Options): Options {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options;
  throw new TypeError(`${of}: expected an object such as { issuer: 'https://…' }`);
}

type Given = Named & { readonly preset?: string | undefined; readonly client?: z.input<typeof client> | undefined };

function readIssuer(of: string, options: Given, schema: z.ZodType, more: object): IssuerVerifier {
  const { name = options.preset ?? 'oidc', ...given } = options;
  const read = readSchema(schema, given, { where: toPlace, hint: 'see docs/issuers.md' });
  if (read.kind === 'problems') throw toTypeError(of, read.problems);
  const { url: _url, always: _always, ...rest } = given as Given & { url?: unknown; always?: unknown };
  const secret = rest.client?.secret;
  const settings = issuerSchema.parse({ ...rest, ...more, ...hideSecret(rest.client), authorizationProxy: 'off' });
  const problems = checkIssuers({ auth: { issuers: { [name]: settings } } }, (...at) => toPlace(at.slice(3)));
  if (problems.length > 0) throw toTypeError(of, problems);
  const config = createIssuer(name, settings, (file) => path.resolve(file));
  const known = typeof secret === 'string' ? withSecret(config, new Secret(secret)) : config;
  return Object.assign((around: VerifierAround) => joinIssuers([known], around), { settings, config: known });
}

// The settings know of secrets only where they are.
function hideSecret(of: Given['client']): object {
  return typeof of?.secret === 'string' ? { client: { ...of, secret: { env: 'GIVEN' } } } : {};
}

function withSecret(config: IssuerConfig, secret: Secret): IssuerConfig {
  return { ...config, client: config.client && { ...config.client, secret } };
}

function toPlace(at: readonly (string | number)[]): string {
  return at.join('.');
}

function toJoinedPlace(...at: readonly (string | number)[]): string {
  return `verifiers: ${toPlace(at.slice(2))}`;
}

function toTypeError(of: string, problems: readonly Problem[]): TypeError {
  const faults = problems.map(({ where, message, hint }) => `${where}${where === '' ? '' : ': '}${message} (${hint})`);
  return new TypeError(`${of}: ${faults.join('; ')}`);
}

/** One verifier for the tokens of several issuers. Throws a LatchkeyError where a secret or file is missing. */
export function joinIssuers(configs: readonly IssuerConfig[], { resource }: VerifierAround): LockVerifier {
  return createIssuerVerifier(configs, { resourcesOf: () => [resource], env: process.env });
}

export interface JoinedAround {
  readonly prefixes: { readonly token: string; readonly key: string };
  readonly faults: Faults;
}

/** Finds what several issuers cannot share: a name, an identifier, and what their opaque tokens begin with. */
export function checkJoined(verifiers: readonly IssuerVerifier[], { prefixes, faults }: JoinedAround): void {
  const names = verifiers.map(({ config }) => config.name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  for (const name of twice) faults.add('verifiers', `two issuers have the name ${name}; give one of them another name`);
  const issuers = Object.fromEntries(verifiers.map(({ config, settings }) => [config.name, settings]));
  const auth = { issuers, tokens: { prefix: prefixes.token }, keys: { prefix: prefixes.key } };
  for (const { where, message } of [...checkIssuers({ auth }, toJoinedPlace), ...checkLookups({ auth }, toJoinedPlace)])
    faults.add(where, message);
}

/** Where static tokens are, and what they may do. */
export interface StaticTokensOptions {
  /** Environment variable with the tokens, parted by commas. Default: MCP_AUTH_TOKENS. */
  readonly env?: string;
  /** The tokens themselves, parted by commas, instead of a variable. */
  readonly tokens?: string;
  /** Scopes of these tokens. Default: `*`, every scope. */
  readonly scopes?: readonly string[];
}

/**
 * Takes tokens of the environment, or of a text. Throws a LatchkeyError: E_SECRET_MISSING where there are none, and
 * E_CREDENTIAL_WEAK for one that is empty, short, repeated, guessable or taken from an example.
 */
export function staticTokens(options: StaticTokensOptions = {}): (around: VerifierAround) => Verifier {
  const faults = createFaults();
  const members = readMembers({ faults, path: '', value: options }, ['env', 'tokens', 'scopes']);
  const { env = 'MCP_AUTH_TOKENS', tokens } = members;
  const scopes = readHeldScopes({ faults, path: 'scopes', value: members['scopes'] ?? ['*'] });
  if (typeof env !== 'string') faults.add('env', 'expected text');
  if (tokens !== undefined && typeof tokens !== 'string') faults.add('tokens', 'expected text, parted by commas');
  faults.throwAll('staticTokens');
  const text =
    (tokens as string | undefined) ?? readSecret('staticTokens', { env: env as string }, process.env).reveal();
  const secrets = parseStaticTokens(text);
  const shown = { scopes, label: tokens === undefined ? (env as string) : 'static' };
  return ({ secret }) =>
    secret === undefined
      ? createStaticVerifier(secrets, shown)
      : whenReady(secret('static-id').then((idKey) => createStaticVerifier(secrets, { ...shown, idKey })));
}

const MAKERS: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [jwt, "jwt({ issuer: 'https://…' })"],
  [introspection, "introspection({ issuer: 'https://…', client: { id: '…', secret: { env: '…' } } })"],
  [staticTokens, 'staticTokens()'],
]);

/**
 * Finds makers in the place of what they make, and throws all faults so far if there are any: a lock that called them would
 * tell of options that nobody gave.
 */
export function checkCalled(verifiers: readonly unknown[], faults: Faults): void {
  for (const [index, verifier] of verifiers.entries()) {
    const call = MAKERS.get(verifier);
    if (call !== undefined) faults.add(`verifiers[${index}]`, `makes a verifier and is none; write ${call}`);
  }
  if (verifiers.some((verifier) => MAKERS.has(verifier))) faults.throwAll('createLatchkey');
}
