import type { Store } from './core/store.ts';
import type { Faults } from './lock/faults.ts';
import type { LatchkeyOptions, PolicyOptions, TrailOption } from './lock/options.ts';
import { join, readChoice, readDuration, readMembers, type Given, type Members } from './lock/read-option.ts';

/** A lock on Node, which can also have a store: its credentials are asked first, and its trail has every decision. */
export interface NodeOptions<
  Rules extends PolicyOptions = PolicyOptions,
  Kept extends Store | undefined = Store | undefined,
> extends Omit<LatchkeyOptions<Rules>, 'trail'> {
  /** Of `openStore`. Whoever opened it closes it, after the lock. */
  readonly store?: Kept;
  /** Tokens that this lock makes. */
  readonly tokens?: {
    /** Their first characters. Default: `lk_`. */
    readonly prefix?: string;
    /** How long a new one lives, unless its maker says otherwise. Default: 24h. */
    readonly ttl?: string;
  };
  /** API keys that this lock makes. */
  readonly keys?: {
    /** Their first characters. Default: `lkk_`. */
    readonly prefix?: string;
  };
  /** Tokens that are bound to a key of the client (RFC 9449). */
  readonly dpop?: {
    /** Whether tokens of issuers must be. Default: false. */
    readonly required?: boolean;
    /** Whether proofs must carry a nonce of this lock. Default: false. */
    readonly nonce?: boolean;
    /** How far the time in a proof may be from ours. Default: 5m. */
    readonly maxAge?: string;
  };
  /**
   * Where decisions are written down. Default: the store's trail, kept for 90 days or as long as `retention` says; a
   * function, a Trail, or false for nowhere. What lasts is told of twice, by its `phase`.
   */
  readonly trail?: TrailOption | false | { readonly retention?: string };
}

export interface DpopSettings {
  readonly required: boolean;
  readonly nonce: boolean;
  readonly maxAgeMs: number;
}

/** What a lock on Node has besides, read; and what is left for every lock. */
export interface NodeSettings {
  readonly store: Store | null;
  readonly tokens: { readonly prefix: string; readonly ttlMs: number };
  readonly keys: { readonly prefix: string };
  readonly dpop: DpopSettings;
  /** How long the store's trail is kept; null: it is not written. */
  readonly trail: { readonly retentionMs: number | null };
  readonly rest: LatchkeyOptions;
}

/** Names of what only a lock on Node has. */
export const NODE_OPTIONS = ['store', 'tokens', 'keys', 'dpop'] as const satisfies readonly (keyof NodeOptions)[];

/** Reads what only a lock on Node has; the faults of the rest are found by whoever reads that. */
export function readNodeOptions(options: object, faults: Faults): NodeSettings {
  const given: Members = typeof options === 'object' && options !== null ? (options as Members) : {};
  const { store, tokens, keys, dpop, trail, ...rest } = given;
  const members = (
    path: string,
    value: unknown,
    known: readonly string[],
  ): ((key: string, preset: unknown) => Given) => {
    const found = readMembers({ faults, path, value }, known);
    return (key, preset) => ({ faults, path: join(path, key), value: found[key] ?? preset });
  };
  const token = members('tokens', tokens, ['prefix', 'ttl']);
  const key = members('keys', keys, ['prefix']);
  const proof = members('dpop', dpop, ['required', 'nonce', 'maxAge']);
  const kept = readStore({ faults, path: 'store', value: store });
  return {
    store: kept,
    tokens: { prefix: readPrefix(token('prefix', 'lk_')), ttlMs: readDuration(token('ttl', '24h')) },
    keys: { prefix: readPrefix(key('prefix', 'lkk_')) },
    dpop: {
      required: readChoice(proof('required', false), [false, true]),
      nonce: readChoice(proof('nonce', false), [false, true]),
      maxAgeMs: readDuration(proof('maxAge', '5m')),
    },
    ...splitTrail({ faults, path: 'trail', value: trail }, kept, rest),
  };
}

const PREFIX = /^[a-z][a-z0-9]{0,14}_$/;

function readPrefix({ faults, path, value }: Given): string {
  if (typeof value === 'string' && PREFIX.test(value)) return value;
  faults.add(path, 'expected small letters and digits that end in _');
  return 'lk_';
}

function readStore({ faults, path, value }: Given): Store | null {
  if (value === undefined) return null;
  if (typeof value === 'object' && value !== null && 'credentials' in value && 'trail' in value) return value as Store;
  const late = value instanceof Promise ? '; await openStore(…)' : '';
  faults.add(path, `expected a store of openStore${late}`);
  return null;
}

/** The store's own trail stands under what it keeps; any other is an option that every lock has. */
function splitTrail(given: Given, store: Store | null, rest: Members): Pick<NodeSettings, 'trail' | 'rest'> {
  const { faults, path, value } = given;
  if (value !== undefined && (typeof value !== 'object' || value === null || 'record' in value))
    return { trail: { retentionMs: null }, rest: { ...rest, trail: value } as LatchkeyOptions };
  const { retention = '90d' } = readMembers(given, ['retention']);
  if (value !== undefined && store === null) faults.add(path, 'there is no store that could keep it');
  const retentionMs = readDuration({ faults, path: join(path, 'retention'), value: retention });
  return { trail: { retentionMs }, rest: rest as unknown as LatchkeyOptions };
}
