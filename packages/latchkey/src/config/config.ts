import path from 'node:path';
import type { DeclaredTools } from '../core/declared-tool.ts';
import type { Policy } from '../core/policy.ts';
import type { Protocol } from '../core/revision.ts';
import type { Address } from './address.ts';
import { createIssuer, type IssuerConfig } from './issuers/issuer-config.ts';
import type { Settings } from './schema.ts';
import { createUpstreamAuth, withoutQuery, type UpstreamAuth } from './upstream-auth.ts';
import type { TextOrSource } from './secret-source.ts';
import { defaultStoreFolder } from './store-folder.ts';

export type UpstreamConfig =
  | {
      readonly kind: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      /** Absolute. */
      readonly cwd: string;
      readonly env: Readonly<Record<string, TextOrSource>>;
      /** Whether the sessions of older revisions share one process, instead of having one each. */
      readonly shareSessions: boolean;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly headers: Readonly<Record<string, TextOrSource>>;
      /** Absolute path of a PEM file; null: the built-in authorities. */
      readonly ca: string | null;
      /** Null: the server is not told who asks. */
      readonly identity: { readonly header: string; readonly audience: string } | null;
      /** Null: the gateway gets no tokens for it. */
      readonly auth: UpstreamAuth | null;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: 'tools';
      /** Absolute. */
      readonly file: string;
      /** Null where the configuration was read without the files of tools. */
      readonly tools: DeclaredTools | null;
    };

export interface ServerConfig {
  /** `default` for the one server of a file without `servers`. */
  readonly name: string;
  /** `/mcp`, or `/NAME/mcp` where there are several. */
  readonly path: string;
  /** Null when neither file nor flags name one. */
  readonly upstream: UpstreamConfig | null;
  readonly protocol: Protocol;
  readonly pin: 'off' | 'alert' | 'block';
  readonly policy: Policy;
}

type Deliver = { readonly file: string } | { readonly command: readonly string[] };

/** The whole configuration, frozen. Paths are absolute. In `limits`, times are milliseconds, sizes bytes, rates count and period. */
export interface Config {
  readonly listen: Address;
  /** Without a slash at its end; null on loopback when none was given. */
  readonly publicUrl: string | null;
  readonly servers: readonly ServerConfig[];
  readonly auth: {
    readonly enabled: boolean;
    /** Null: a caller without a credential gets 401. */
    readonly anonymous: { readonly scopes: readonly string[] } | null;
    readonly tokens: {
      readonly prefix: string;
      readonly ttlMs: number;
      readonly rotate: { readonly everyMs: number; readonly graceMs: number; readonly deliver: Deliver } | null;
    };
    readonly keys: { readonly prefix: string };
    readonly static: { readonly env: string; readonly scopes: readonly string[] } | null;
    readonly issuers: readonly IssuerConfig[];
    readonly dpop: { readonly required: boolean; readonly nonce: boolean; readonly maxAgeMs: number };
    readonly unknownTokenStatus: 401 | 403;
  };
  readonly limits: Readonly<Settings['limits']>;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly behindProxy: { readonly trusted: readonly string[] } | null;
  readonly forwardAuth: {
    readonly proxy: 'nginx' | 'caddy' | 'traefik' | 'envoy';
    readonly trusted: readonly string[];
    readonly bodyChecked: boolean;
    /** Null: the rules decide. */
    readonly scopes: readonly string[] | null;
  } | null;
  readonly origins: readonly string[];
  /** Ways in besides Streamable HTTP. */
  readonly compat: { readonly sse: boolean; readonly rest: boolean };
  readonly store: string;
  readonly trail: { readonly retentionMs: number };
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What relative paths of the file are relative to. */
  readonly directory: string;
}

/** Settings with their paths made absolute and their defaults from the surroundings filled in. */
export function createConfig(settings: Settings, servers: readonly ServerConfig[], around: Surroundings): Config {
  const { auth, tls, behindProxy, forwardAuth, publicUrl, trail } = settings;
  const absolute = (given: string): string => path.resolve(around.directory, given);
  return deepFreeze<Config>({
    listen: settings.listen,
    publicUrl: publicUrl === undefined ? null : new URL(publicUrl).href.replace(/\/+$/, ''),
    servers,
    auth: {
      enabled: auth.enabled,
      anonymous: auth.anonymous ?? null,
      tokens: { prefix: auth.tokens.prefix, ttlMs: auth.tokens.ttl, rotate: toRotation(auth.tokens.rotate, absolute) },
      keys: auth.keys,
      static: auth.static ?? null,
      issuers: Object.entries(auth.issuers).map(([name, given]) => createIssuer(name, given, absolute)),
      dpop: { required: auth.dpop.required, nonce: auth.dpop.nonce, maxAgeMs: auth.dpop.maxAge },
      unknownTokenStatus: auth.unknownTokenStatus,
    },
    limits: settings.limits,
    tls: tls === undefined ? null : { cert: absolute(tls.cert), key: absolute(tls.key) },
    behindProxy: behindProxy ?? null,
    forwardAuth: forwardAuth === undefined ? null : { ...forwardAuth, scopes: forwardAuth.scopes ?? null },
    origins: settings.origins,
    compat: settings.compat,
    store: path.resolve(settings.store === undefined ? defaultStoreFolder(around.env) : absolute(settings.store)),
    trail: { retentionMs: trail.retention },
  });
}

interface UpstreamAround {
  readonly callTimeoutMs: number;
  /** What relative paths are relative to. */
  readonly directory: string;
  /** What the upstream's file of declared tools holds, where it has one and that was read. */
  readonly tools: DeclaredTools | null;
  readonly issuers: Settings['auth']['issuers'];
}

export function toUpstreamConfig(
  upstream: NonNullable<Settings['upstream']>,
  { callTimeoutMs, directory, tools, issuers }: UpstreamAround,
): UpstreamConfig {
  const { command, url = '', cwd = '.', env = {}, headers = {}, tls, timeout: timeoutMs = callTimeoutMs } = upstream;
  // Not frozen all through: what a compiled pattern keeps between two uses is its own.
  if (upstream.tools !== undefined)
    return { kind: 'tools', file: path.resolve(directory, upstream.tools), tools: tools && Object.freeze(tools) };
  if (command === undefined) {
    const ca = tls?.ca === undefined ? null : path.resolve(directory, tls.ca);
    const { identity, auth } = upstream;
    const absolute = (file: string): string => path.resolve(directory, file);
    return {
      kind: 'http',
      url,
      headers: resolveSources(headers, directory),
      ca,
      identity:
        identity === undefined
          ? null
          : { header: identity.header.toLowerCase(), audience: identity.audience ?? withoutQuery(url) },
      auth: auth === undefined ? null : createUpstreamAuth(auth, { url, issuers, absolute }),
      timeoutMs,
    };
  }
  const [program = '', ...args] = command;
  return {
    kind: 'stdio',
    command: program,
    args,
    cwd: path.resolve(directory, cwd),
    env: resolveSources(env, directory),
    shareSessions: upstream.sessions === 'shared',
    timeoutMs,
  };
}

function resolveSources(
  values: Readonly<Record<string, TextOrSource>>,
  directory: string,
): Record<string, TextOrSource> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (typeof value === 'string' || value.file === undefined) return [name, value];
      return [name, { file: path.resolve(directory, value.file) }];
    }),
  );
}

function toRotation(
  rotate: Settings['auth']['tokens']['rotate'],
  absolute: (given: string) => string,
): Config['auth']['tokens']['rotate'] {
  if (rotate === undefined) return null;
  const { file, command = [] } = rotate.deliver;
  return {
    everyMs: rotate.every,
    graceMs: rotate.grace,
    deliver: file === undefined ? { command } : { file: absolute(file) },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const each of Object.values(value)) deepFreeze(each);
  return Object.freeze(value);
}
