import path from 'node:path';
import { z } from 'zod';
import { createIssuerVerifier } from './compose-issuers.ts';
import { checkIssuers } from './config/check-issuers.ts';
import { createIssuer, type IssuerConfig } from './config/issuers/issuer-config.ts';
import type { Problem } from './config/problem.ts';
import { readSchema } from './config/read-schema.ts';
import { issuer as issuerSchema } from './config/schema-issuers.ts';
import { readSecret } from './config/secret-source.ts';
import { createStaticVerifier, parseStaticTokens } from './verify/static-tokens.ts';
import type { LockVerifier, VerifierAround } from './lock/options.ts';

const jwtSchema = issuerSchema.omit({ authorizationProxy: true, introspection: true, userinfo: true });

/** Issuer of access tokens, in the words of `auth.issuers` in latchkey.yaml. Relative paths are of the working directory. */
export type JwtOptions = z.input<typeof jwtSchema> & {
  /** Part of the ids of principals. Default: that of the preset, else `oidc`. */
  readonly name?: string;
};

/** Makes a verifier for a resource; those of several issuers are joined, so that each is asked about its own tokens only. */
export interface IssuerVerifier {
  (around: VerifierAround): LockVerifier;
  readonly config: IssuerConfig;
}

/**
 * Takes the signed access tokens of an issuer (RFC 9068), by its published keys. Asks it nothing yet. Throws a TypeError
 * that names everything that is wrong with the options.
 */
export function jwt(options: JwtOptions): IssuerVerifier {
  return readIssuer('jwt', options, jwtSchema);
}

type IssuerOptions = z.input<typeof issuerSchema> & { readonly name?: string };

function readIssuer(of: string, options: IssuerOptions, schema: z.ZodType): IssuerVerifier {
  const { name = options.preset ?? 'oidc', ...rest } = options;
  const fail = (problems: readonly Problem[]): never => {
    const faults = problems.map(
      ({ where, message, hint }) => `${where}${where === '' ? '' : ': '}${message} (${hint})`,
    );
    throw new TypeError(`${of}: ${faults.join('; ')}`);
  };
  const where = (at: readonly (string | number)[]): string => at.join('.');
  const read = readSchema(schema, rest, { where, hint: 'see docs/issuers.md' });
  if (read.kind === 'problems') return fail(read.problems);
  const given = issuerSchema.parse({ authorizationProxy: 'off', ...rest });
  const problems = checkIssuers({ auth: { issuers: { [name]: given } } }, (...at) => where(at.slice(3)));
  if (problems.length > 0) return fail(problems);
  const config = createIssuer(name, given, (file) => path.resolve(file));
  return Object.assign((around: VerifierAround) => joinIssuers([config], around), { config });
}

/** One verifier for the tokens of several issuers. */
export function joinIssuers(configs: readonly IssuerConfig[], { resource }: VerifierAround): LockVerifier {
  return createIssuerVerifier(configs, { resourcesOf: () => [resource], env: process.env });
}

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
export function staticTokens(options: StaticTokensOptions = {}): LockVerifier {
  const { env = 'MCP_AUTH_TOKENS', tokens, scopes = ['*'] } = options;
  const text = tokens ?? readSecret('staticTokens', { env }, process.env).reveal();
  return createStaticVerifier(parseStaticTokens(text), { scopes, label: tokens === undefined ? env : 'static' });
}
