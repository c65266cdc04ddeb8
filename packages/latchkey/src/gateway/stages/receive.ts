import { refuse, type Refusal } from '../../core/reason.ts';
import { limitAddress } from '../../lock/limit-address.ts';
import { isLoopback } from '../../lock/network.ts';
import { carriesCredential, checkFraming, readHeaders } from '../../lock/request-headers.ts';
import { pathOf } from '../../lock/target-path.ts';
import { clientAddress, isTrusted } from '../../lock/trusted-proxies.ts';
import { type Exchange, isPublic, type Stage } from '../exchange.ts';
import { endAfter } from '../last-request.ts';
import type { GatewayState } from '../state.ts';

/** Framing, Host, Origin, path and method; nothing of the body. */
export function receiveStage(state: GatewayState): Stage {
  return {
    name: 'receive',
    run(exchange) {
      const { request } = exchange;
      exchange.headers = readHeaders(request.rawHeaders);
      judgeConnection(state, exchange);
      const framing = checkFraming(exchange.headers, request);
      if (framing !== null) return framing;
      // Node takes what follows in one packet for the protocol it should change to, and loses it.
      if (exchange.headers.upgrade !== null) endAfter(request, exchange.response);
      const target = request.url ?? '';
      // Most targets are a route to the letter; any other is taken apart.
      let route = state.routes.get(target);
      if (route === undefined) {
        const path = pathOf(target);
        if (path === null) return refuse('target-form');
        route = state.routes.get(path);
      }
      exchange.route = route ?? null;
      exchange.server = exchange.route === null ? null : exchange.route.server;
      const refusal = checkHost(state, exchange) ?? checkOrigin(state, exchange) ?? checkMethod(state, exchange);
      // What ends its connection cannot come again on it; any other would never be counted.
      if (refusal === null || refusal.reason === 'framing') return refusal;
      return limitAddress(state, exchange) ?? refusal;
    },
  };
}

function judgeConnection(state: GatewayState, exchange: Exchange): void {
  const peer = exchange.address;
  const proxied = isTrusted(state.options.trusted, peer);
  exchange.address = clientAddress(peer, exchange.headers.forwardedFor, state.options.trusted);
  const encrypted = 'encrypted' in exchange.request.socket || (proxied && exchange.headers.forwardedProto === 'https');
  // A proxy on this machine that says nothing of the outside hop is as local as a client on it.
  const local = isLoopback(peer) && (!proxied || exchange.headers.forwardedProto === null);
  // Where TLS is served, plain HTTP is a mistake of the caller's, on this machine too.
  exchange.clear = !encrypted && (state.options.tls !== null || !local);
  exchange.exposed = exchange.clear && carriesCredential(exchange.headers);
}

function checkHost(state: GatewayState, { headers, route }: Exchange): Refusal | null {
  // Probes of an orchestrator come by address.
  if (route?.kind === 'document' && state.probes.has(route)) return null;
  const { host } = headers;
  // RFC 9112 §3.2.
  if (host === null) return refuse('framing', { detail: 'no host' });
  return state.hosts.has(host) || state.hosts.has(host.toLowerCase()) ? null : refuse('host-foreign');
}

function checkOrigin(state: GatewayState, exchange: Exchange): Refusal | null {
  const { origin } = exchange.headers;
  if (origin === null) return null;
  // Browsers write an origin in one way only (RFC 6454 §6.2).
  if (!state.origins.has(origin)) return isPublic(exchange.route, state.probes) ? null : refuse('origin-foreign');
  exchange.origin = origin;
  return null;
}

function checkMethod(state: GatewayState, exchange: Exchange): Refusal | null {
  const { route, request, headers } = exchange;
  if (route === null) return refuse('path-unknown');
  const allowed = state.methodsOf(route);
  if (!allowed.includes(request.method ?? '')) return refuse('http-method', { allow: allowed });
  const modernStream =
    request.method !== 'POST' &&
    route.kind === 'mcp' &&
    headers.protocolVersion !== null &&
    state.isModern(headers.protocolVersion);
  // 2026-07-28 has neither the GET stream nor sessions to delete.
  return modernStream && request.method !== 'OPTIONS' ? refuse('http-method', { allow: ['POST'] }) : null;
}
