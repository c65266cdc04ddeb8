import type { Condition } from '../core/policy.ts';
import type { Principal } from '../core/principal.ts';
import type { Awaitable } from '../core/store.ts';
import type { Trail, TrailEntry } from '../core/trail.ts';
import type { Verifier } from '../core/verifier.ts';

/** What a lock is made of, in the words of latchkey.yaml wherever it has them. */
export interface LatchkeyOptions<Rules extends PolicyOptions = PolicyOptions> {
  /** Canonical URL of what is protected (RFC 8707 §2): https, or http on loopback; without a query. */
  readonly resource: string | URL;
  /** Name of it: credentials may be bound to it, and the trail has it. Default: `default`. */
  readonly server?: string;
  /** Who is asked whose a credential is, in this order; the first that knows its kind decides. */
  readonly verifiers?: readonly VerifierOption[];
  /** Who may use what. Without rules a holder of the scope `*` may use everything, and nobody else anything. */
  readonly policy?: Rules;
  /** What callers without a credential may do. Default: nothing, they get 401. */
  readonly anonymous?: { readonly scopes?: readonly string[] };
  /** How much may be asked, and how fast. */
  readonly limits?: LimitOptions;
  /** Host header values that MCP endpoints answer for. Default: that of `resource`; on loopback also its other names. */
  readonly hosts?: readonly string[];
  /** Origins of web pages that may call MCP endpoints, besides that of `resource`. */
  readonly origins?: readonly string[];
  /** Refuses clear text from this machine too. From other machines it is always refused. Default: false. */
  readonly requireHttps?: boolean;
  /** HTTP status for a token that is not valid. MCP wants 401, the default. */
  readonly unknownTokenStatus?: 401 | 403;
  /** Revisions of MCP that are served: modern is 2026-07-28, legacy all before. Default: both. */
  readonly protocol?: 'both' | 'modern' | 'legacy';
  /**
   * Where decisions are written down: a function or a Trail. What lasts is told of twice, by its `phase`. Default and false:
   * nowhere.
   */
  readonly trail?: TrailOption | false;
  /** Issuer identifiers for the metadata (RFC 9728 §2). Default: the issuers that the verifiers name. */
  readonly authorizationServers?: readonly string[];
  /** Told of what could not be judged; the request was refused. Default: it goes to console.error. */
  readonly onError?: (error: unknown) => void;
  /** The time in epoch milliseconds; where it throws, or gives no number, nobody is let in. Default: Date.now. */
  readonly now?: () => number;
}

/** A function that takes entries as they come (a promise of it is waited for by `close`), or a Trail, which is also asked whether it is healthy. */
export type TrailOption = Trail | ((entry: TrailEntry) => unknown);

/** A verifier, or what makes one for a resource. */
export type VerifierOption = LockVerifier | ((around: VerifierAround) => LockVerifier);

/** What a verifier is told of the lock it is made for. */
export interface VerifierAround {
  /** Canonical URL of what is protected, as it was given. */
  readonly resource: string;
  /** A lasting secret of the store by its name (hex, 32 bytes); absent without a store. */
  readonly secret?: (name: string) => Promise<string>;
}

/** A verifier that may say more than verdicts. */
export interface LockVerifier extends Verifier {
  /** Identifiers of the issuers whose tokens it takes, for the metadata. */
  readonly issuers?: readonly string[];
  /** When a principal of it ends: epoch milliseconds, null for never, 0 at once; undefined for principals of others. */
  endOf?(principal: Principal, now: number): Awaitable<number | null | undefined>;
}

/** Rules by tool, resource, prompt and method, as in latchkey.yaml; there `scopes` says what scopes imply. */
export interface PolicyOptions {
  /** By name; `*` stands for any run of characters. An exact name beats these, and of these the first that matches holds. */
  readonly tools?: Readonly<Record<string, RuleOptions>>;
  /** By URI. */
  readonly resources?: Readonly<Record<string, RuleOptions>>;
  readonly prompts?: Readonly<Record<string, RuleOptions>>;
  /** By method, for methods that MCP does not define, or for more scopes for those it does. */
  readonly methods?: Readonly<Record<string, MethodRuleOptions>>;
  /** Scopes that there are, each with those that its holder has too. */
  readonly scopes?: Readonly<Record<string, { readonly implies?: readonly string[] }>>;
  /** Whether lists show what the caller may use, or all that is not hidden or denied. Default: callable. */
  readonly list?: 'callable' | 'all';
}

/** What a method asks of its caller. */
export interface MethodRuleOptions {
  /** Scopes that are needed, all of them. */
  readonly scopes?: readonly string[];
  /** Refused for everyone. */
  readonly deny?: boolean;
}

/** What a tool, resource or prompt asks of its caller. */
export interface RuleOptions extends MethodRuleOptions {
  /** Lets a call through only where it says true, at once; what it throws counts as no. */
  readonly when?: When | Condition;
  /** Not listed, and answered as if it did not exist, for everyone. */
  readonly hidden?: boolean;
  /** Calls of one credential, such as `10/min`. */
  readonly limit?: string;
}

/** Judges one call, at once; anything but true refuses it. */
export type When = (call: {
  /** Arguments of the call; without any, an empty object. Integers past 2^53 are bigint. */
  // What a caller sends may be anything; where a condition is wrong about it, it throws, and that is a no.
  readonly args: Readonly<Record<string, any>>;
  readonly principal: Principal;
  /** Name or URI of what is used. */
  readonly target: string;
}) => boolean;

/** Rates are COUNT/PERIOD, sizes have a unit. */
export interface LimitOptions {
  /** Failed credentials from one address. Default: 20/min. */
  readonly failedPerAddress?: string;
  /** Requests from one address. Default: 12000/min. */
  readonly requestsPerAddress?: string;
  /** Requests with one credential. Default: 6000/min. */
  readonly callsPerCredential?: string;
  /** Size of the body of a request to an MCP endpoint. Default: 1MiB. */
  readonly bodyBytes?: string;
  /** Size of a list answer, which is held to be filtered. Default: 8MiB. */
  readonly listBytes?: string;
  /** Open sessions of one credential; one that was left alone for a minute gives up its place. Default: 100. */
  readonly sessions?: number;
  /** Open streams of one credential. Default: 100. */
  readonly streams?: number;
}

/** The scopes that a policy names; any text where it names none, or where its type does not say. */
export type ScopesOf<Rules> = [NamedIn<Rules>] extends [never] ? string : NamedIn<Rules>;

type NamedIn<Rules> =
  | Listed<Values<Part<Rules, 'tools' | 'resources' | 'prompts' | 'methods'>>, 'scopes'>
  | Names<Part<Rules, 'scopes'>>
  | Listed<Values<Part<Rules, 'scopes'>>, 'implies'>;

type Part<Of, Key> = Key extends keyof Of ? NonNullable<Of[Key]> : never;
type Names<Of> = Of extends unknown ? Extract<keyof Of, string> : never;
type Values<Of> = Of extends unknown ? Of[keyof Of] : never;
type Listed<Of, Key> = Of extends unknown ? Item<Part<Of, Key>> : never;
type Item<List> = List extends readonly (infer Scope extends string)[] ? Scope : never;
