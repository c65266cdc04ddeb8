import { OutgoingError, type Outgoing } from '../../core/outgoing.ts';
import type { LoadMetadata } from '../../core/issuer.ts';
import { refuse, type Refusal } from '../../core/reason.ts';
import { unavailable, type TokenServer } from './request-token.ts';
import { findIssuers, mayBeAsked } from './resource-metadata.ts';

/** Finds out where tokens are asked for. Asks nobody before its first call; never rejects. */
export type LocateTokenServer = (now: number) => Promise<TokenServer | Refusal>;

export interface NamedIssuerOptions {
  readonly upstream: { readonly outgoing: Outgoing; readonly url: URL; readonly resource: string };
  /** The metadata of an issuer that the upstream names. */
  readonly metadataOf: (issuer: string) => LoadMetadata;
  /** Told when the upstream cannot be used, and when it can again. */
  readonly onState: (refusal: Refusal | null) => void;
}

/** An upstream that says something wrong is not asked again for so long. */
const FAILED_MS = 30_000;

/** The token endpoint that an issuer's metadata name. */
export function atIssuer(load: LoadMetadata): LocateTokenServer {
  return async (now) => {
    try {
      const { issuer, tokenEndpoint } = await load(now);
      return tokenEndpoint === null
        ? refuse('upstream-invalid', { detail: 'the issuer names no token endpoint; set tokenUrl in upstream.auth' })
        : { issuer, endpoint: tokenEndpoint };
    } catch (error) {
      return unavailable(error instanceof OutgoingError ? error.message : 'the metadata of the issuer cannot be had');
    }
  };
}

/**
 * The token endpoint of the issuer that the upstream itself names. The first issuer is the only one from then on: what
 * proves the client there is nobody else's business (MCP 2026-07-28, Authorization).
 */
export function atNamedIssuer({ upstream, metadataOf, onState }: NamedIssuerOptions): LocateTokenServer {
  let pinned: { readonly issuer: string; readonly locate: LocateTokenServer } | null = null;
  let failed: { readonly refusal: Refusal; readonly until: number } | null = null;

  const locate: LocateTokenServer = async (now) => {
    const issuers = await findIssuers(upstream);
    if ('reason' in issuers) return issuers;
    if (pinned !== null && !issuers.includes(pinned.issuer)) return CHANGED;
    const at = pinned ?? { issuer: issuers[0] ?? '', locate: atIssuer(metadataOf(issuers[0] ?? '')) };
    const found = await at.locate(now);
    if ('reason' in found) return found;
    if (!mayBeAsked(found.endpoint, upstream.url)) return ASTRAY;
    pinned = at;
    return found;
  };

  return async (now) => {
    if (failed !== null && now < failed.until && failed.until - now <= FAILED_MS) return failed.refusal;
    const found = await locate(now);
    const refusal = 'reason' in found ? found : null;
    onState(refusal);
    // What cannot be reached may be there again in a moment; the holder of the token waits by itself.
    failed = refusal?.reason === 'upstream-invalid' ? { refusal, until: now + FAILED_MS } : null;
    return found;
  };
}

const CHANGED = refuse('upstream-invalid', {
  detail: 'the server names another authorization server than before; set the issuer in upstream.auth',
});
const ASTRAY = refuse('upstream-invalid', { detail: 'the token endpoint that the server leads to is not https' });
