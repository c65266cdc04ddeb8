import { readFileSync } from 'node:fs';

/** The members of latchkey.yaml that the tests before a door use. */
export interface DoorConfig {
  readonly listen: string;
  readonly store: string;
  readonly upstream: { readonly url: string };
  readonly tools?: Readonly<Record<string, RuleConfig>>;
  readonly resources?: Readonly<Record<string, RuleConfig>>;
  readonly prompts?: Readonly<Record<string, RuleConfig>>;
  readonly scopes?: Readonly<Record<string, { readonly implies?: readonly string[] }>>;
  readonly limits?: Readonly<Record<string, string>>;
  readonly auth?: {
    readonly issuers?: Readonly<Record<string, { readonly issuer: string }>>;
    readonly anonymous?: { readonly scopes: readonly string[] };
  };
  readonly compat?: unknown;
}

export interface RuleConfig {
  readonly scopes?: readonly string[];
  readonly when?: string;
  readonly hidden?: boolean;
  readonly deny?: boolean;
}

const KNOWN: ReadonlySet<string> = new Set([
  'listen',
  'store',
  'upstream',
  'tools',
  'resources',
  'prompts',
  'scopes',
  'limits',
  'auth',
  // Transports of the gateway, whose tests are left out.
  'compat',
]);

/** Reads a configuration that a test wrote. Throws where a library has no such option: then nothing would be shown. */
export function readConfig(file: string): DoorConfig {
  const config = JSON.parse(readFileSync(file, 'utf8')) as DoorConfig;
  const unknown = Object.keys(config).filter((key) => !KNOWN.has(key));
  if (unknown.length > 0) throw new Error(`a door has no option ${unknown.join(', ')}`);
  return config;
}
