import type { LoadMetadata } from '../core/issuer.ts';
import { OutgoingError, type Outgoing } from '../core/outgoing.ts';
export function createLoadMetadata({ issuer, outgoing }: { issuer: string; outgoing: Outgoing }): LoadMetadata {
  return async () => {
    const { origin, pathname } = new URL(issuer);
    const a = await outgoing({
      method: 'GET',
      url: `${origin}/.well-known/oauth-authorization-server${pathname === '/' ? '' : pathname}`,
    });
    if (a.status !== 200) throw new OutgoingError(`${new URL(issuer).host}: metadata answered ${a.status}`);
    let d;
    try {
      d = JSON.parse(a.body);
    } catch {
      throw new OutgoingError('metadata no JSON');
    }
    if (d.issuer !== issuer) throw new OutgoingError(`${new URL(issuer).host}: its metadata are of another issuer`);
    return {
      issuer,
      authorizationEndpoint: null,
      tokenEndpoint: d.token_endpoint ?? null,
      registrationEndpoint: null,
      jwksUri: null,
      introspectionEndpoint: null,
      userinfoEndpoint: null,
      document: d,
    };
  };
}
