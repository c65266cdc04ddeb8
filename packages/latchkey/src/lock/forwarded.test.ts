import { describe, expect, it } from 'vitest';
import { toForwarded, type Asked, type ProxyKind } from './forwarded.ts';
import { createTrusted } from './trusted-proxies.ts';

const HOP = ['X-Forwarded-For', '203.0.113.7', 'X-Forwarded-Proto', 'https'];
const NGINX = ['Host', 'a', 'X-Original-Method', 'POST', 'X-Original-URI', '/mcp', ...HOP, 'Accept', 'x'];
const CADDY = ['Host', 'self', 'X-Forwarded-Method', 'PUT', 'X-Forwarded-Uri', '/x?y', 'X-Forwarded-Host', 'a', ...HOP];

function forward(proxy: ProxyKind, rawHeaders: readonly string[], more: Partial<Asked> = {}) {
  const asked = {
    method: 'GET',
    target: '/auth',
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    address: '::ffff:127.0.0.1',
  };
  const options = { proxy, trusted: createTrusted(['127.0.0.1']), path: '/auth', given: ['x-identity'] };
  return toForwarded({ ...asked, rawHeaders, ...more }, options);
}

describe('toForwarded', () => {
  it('reads each proxy where it says it', () => {
    expect(forward('nginx', NGINX)).toMatchObject({
      method: 'POST',
      target: '/mcp',
      address: '203.0.113.7',
      encrypted: true,
      rawHeaders: ['host', 'a', 'accept', 'x'],
      fault: null,
    });
    for (const proxy of ['caddy', 'traefik'] as const)
      expect(forward(proxy, CADDY)).toMatchObject({ method: 'PUT', target: '/x?y', rawHeaders: ['host', 'a'] });
    const envoy = { method: 'DELETE', target: '/auth/mcp' };
    expect(forward('envoy', ['Host', 'a', ...HOP, 'Content-Length', '0'], envoy)).toMatchObject({
      method: 'DELETE',
      target: '/mcp',
      fault: null,
    });
  });

  it('takes for encrypted only what the proxy says came by https', () => {
    for (const [proto, encrypted] of [
      ['https', true],
      ['http', false],
      ['https, http', false],
    ] as const)
      expect(forward('nginx', NGINX.with(9, proto))).toMatchObject({ encrypted, fault: null });
  });

  it('keeps what is between the proxy and here, and no other header', () => {
    const hop = ['Connection', 'close', 'Keep-Alive', 'timeout=5', 'TE', 'trailers', 'Content-Length', '0'];
    const { rawHeaders, fault } = forward('nginx', [...NGINX, ...hop, 'x_other', 'y']);
    expect([rawHeaders, fault]).toEqual([['host', 'a', 'accept', 'x', 'x_other', 'y'], null]);
  });

  it('takes nothing for encrypted that was asked in clear where it need not be', () => {
    expect(forward('nginx', NGINX, { inClear: true })).toMatchObject({ encrypted: false, fault: null });
    expect(forward('nginx', NGINX, { inClear: false })).toMatchObject({ encrypted: true });
  });

  it('believes nobody who is not the proxy', () => {
    expect(forward('nginx', NGINX, { address: '10.0.0.1' })).toMatchObject({
      fault: { reason: 'proxy-unknown' },
      address: '10.0.0.1',
      encrypted: false,
    });
  });

  it.each([0, 2, 4, 6, 8])('finds fault with a gap, the one at %i', (at) => {
    for (const gap of [NGINX.toSpliced(at, 2), NGINX.with(at + 1, '')])
      expect(forward('nginx', gap).fault).toMatchObject({ reason: 'framing' });
  });

  it.each([
    ['nothing', []],
    ['a thing twice', [...NGINX, 'X-ORIGINAL-URI', '/other']],
    ['a look-alike', [...NGINX, 'X_Original_URI', '/other']],
    ['a look-alike of what the server gets', [...NGINX, 'Latchkey_Principal', 'root']],
    ['a look-alike of the signed one', [...NGINX, 'X_Identity', 'root']],
    ['a body', [...NGINX, 'Content-Length', '5']],
    ['a body in pieces', [...NGINX, 'Transfer-Encoding', 'chunked']],
  ])('finds fault with %s', (_what, rawHeaders) => {
    expect(forward('nginx', rawHeaders).fault).toMatchObject({ reason: 'framing' });
  });

  it('finds fault with a target that is none, and with one that is not behind the path', () => {
    for (const target of ['http://a/mcp', '/mcp#x', '/m cp'])
      expect(forward('nginx', NGINX.with(5, target)).fault).toMatchObject({ reason: 'target-form' });
    expect(forward('envoy', ['Host', 'a', ...HOP], { target: '/authx/mcp' }).fault).toMatchObject({
      reason: 'framing',
    });
  });

  it('has no body to give', () => {
    expect(forward('nginx', NGINX).readBody(1)).toMatchObject({ reason: 'internal' });
  });
});
