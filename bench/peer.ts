import type { Processes, Started } from './processes.ts';
import type { Headers, Shape } from './request.ts';

type Group = 'http' | 'stdio';

/** What a peer holds a request to; each `true` is proved before anything is measured. */
interface Checks {
  token: boolean;
  headers: boolean;
  scope: boolean;
}

/** What a peer gets to start with: its folder, an upstream for HTTP peers, and tokens for those that keep no own. */
export interface Site {
  directory: string;
  processes: Processes;
  upstreamUrl: string;
  tokens: TokenSet;
}

export interface TokenSet {
  valid: string[];
  unscoped: string;
}

/** A peer that answers: its processes, and the headers that carry good and bad credentials. */
export interface RunningPeer {
  url: string;
  processes: Started[];
  credentials: Headers[];
  wrongCredential: Headers;
  unscopedCredential?: Headers;
}

/** One thing to measure. */
export interface Peer {
  name: string;
  group: Group;
  shape: Shape;
  checks: Checks;
  /** Why it cannot run on this machine and how to change that; null when it can. */
  missing(): string | null;
  start(site: Site): Promise<RunningPeer>;
}

/** The `Authorization` header of a bearer token. */
export function toBearer(token: string): Headers {
  return { Authorization: `Bearer ${token}` };
}

export const GATEWAY_CORE = 0;
export const LOAD_CORE = 1;
export const CONNECTIONS = 32;
