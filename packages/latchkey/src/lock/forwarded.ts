import { refuse, type Refusal } from '../core/reason.ts';
import { IDENTITY_HEADERS } from './identity-headers.ts';
import type { Incoming } from './incoming.ts';
import { plainAddress } from './network.ts';
import { clientAddress, isTrusted, type Trusted } from './trusted-proxies.ts';

/** Programs that ask about a request before they pass it on, each with a way of its own to describe it. */
export type ProxyKind = (typeof PROXIES)[number];
export const PROXIES = ['nginx', 'caddy', 'traefik', 'envoy'] as const;

/** What a proxy sent to ask about a request, as it was received. */
export type Asked = Omit<Incoming, 'encrypted' | 'readBody'> & {
  /** Whether it came in clear where it ought not: what it carries could be read on the way. Default: no. */
  readonly inClear?: boolean;
};

/** A request that a proxy received and described; all but its body. */
export interface Forwarded extends Incoming {
  /** Why the description is not to be believed; then nothing else of this means anything. */
  readonly fault: Refusal | null;
}

export interface ProxyOptions {
  readonly proxy: ProxyKind;
  /** Whose description is believed. */
  readonly trusted: Trusted;
  /** Path of the endpoint that is asked; Envoy puts the path of the request behind it. */
  readonly path: string;
  /** Lower-case names of headers that are given to the server besides `IDENTITY_HEADERS`. */
  readonly given: readonly string[];
}

/** Where each proxy says what; null where it says it by the request itself. */
interface Places {
  readonly method: string | null;
  readonly target: string | null;
  readonly host: string;
}

const FORWARDED: Places = { method: 'x-forwarded-method', target: 'x-forwarded-uri', host: 'x-forwarded-host' };
const PLACES: Readonly<Record<ProxyKind, Places>> = {
  nginx: { method: 'x-original-method', target: 'x-original-uri', host: 'host' },
  caddy: FORWARDED,
  traefik: FORWARDED,
  envoy: { method: null, target: null, host: 'host' },
};

/** The request that a proxy asks about, as it describes it. A description of anybody else's, or one with a gap, is a fault. */
export function toForwarded(asked: Asked, options: ProxyOptions): Forwarded {
  const peer = plainAddress(asked.address);
  const nowhere = { ...asked, address: peer, encrypted: false, readBody: () => NO_BODY };
  if (!isTrusted(options.trusted, peer)) return { ...nowhere, fault: refuse('proxy-unknown') };
  const places = PLACES[options.proxy];
  const said = readDescription(asked, places, options);
  if (typeof said === 'string') return { ...nowhere, fault: refuse('framing', { detail: said }) };
  const { method, target, forwardedFor, proto, rawHeaders } = said;
  return {
    ...nowhere,
    method,
    target,
    rawHeaders,
    address: clientAddress(peer, forwardedFor, options.trusted),
    encrypted: proto === 'https' && asked.inClear !== true,
    fault: ORIGIN_FORM.test(target) ? null : refuse('target-form'),
  };
}

const NO_BODY = refuse('internal', { detail: 'a proxy that asks sends no body' });
const ORIGIN_FORM = /^\/[\x21\x22\x24-\x7e]*$/;

interface Description {
  readonly method: string;
  readonly target: string;
  readonly forwardedFor: string;
  readonly proto: string;
  /** Those of the request itself. */
  readonly rawHeaders: readonly string[];
}

/** What is missing, or there twice, in words. */
function readDescription(asked: Asked, places: Places, options: ProxyOptions): Description | string {
  const found = new Map<string, string>();
  const rawHeaders: string[] = [];
  const told = new Set([places.method, places.target, places.host, 'x-forwarded-for', 'x-forwarded-proto']);
  const own = new Set([...IDENTITY_HEADERS, ...options.given]);
  for (let i = 0; i < asked.rawHeaders.length; i += 2) {
    const [name, value] = [(asked.rawHeaders[i] as string).toLowerCase(), asked.rawHeaders[i + 1] as string];
    const meant = name.replaceAll('_', '-');
    // Programs that make variables of headers read it as the one that is given them, or as one that is judged here.
    if (meant !== name && (own.has(meant) || told.has(meant))) return 'look-alike of a header';
    if (name === 'transfer-encoding' || (name === 'content-length' && value !== '0')) return 'a body';
    if (told.has(name)) {
      if (found.has(name)) return `${name} twice`;
      found.set(name, value);
    } else if (!OF_THE_HOP.has(name)) rawHeaders.push(name, value);
  }
  const read = (name: string): string => found.get(name) ?? '';
  const target = places.target === null ? behind(options.path, asked.target) : read(places.target);
  const said = {
    method: places.method === null ? asked.method : read(places.method),
    target,
    forwardedFor: read('x-forwarded-for'),
    proto: read('x-forwarded-proto'),
    rawHeaders: ['host', read(places.host), ...rawHeaders],
  };
  if (said.method === '' || target === '' || said.forwardedFor === '' || said.proto === '' || read(places.host) === '')
    return 'the description has a gap';
  return said;
}

/** Between the proxy and here. `host` is the name of this service where the proxy tells that of the request elsewhere. */
const OF_THE_HOP: ReadonlySet<string> = new Set(['host', 'connection', 'content-length', 'keep-alive', 'te']);

function behind(path: string, target: string): string {
  return target.startsWith(`${path}/`) ? target.slice(path.length) : '';
}
