import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ListedKind } from '../core/visibility.ts';

const MAC_LENGTH = 32;

/** Whose cursor it is, and of which list. */
export interface CursorOwner {
  readonly server: string;
  readonly principal: string;
  readonly kind: ListedKind;
}

/** Cursors as `CURSOR.MAC`: of use only to the caller they were given to, for the same list of the same server. */
export interface Cursors {
  seal(owner: CursorOwner, cursor: string): string;
  /** The server's own cursor, or null when the sealed one was not made for this owner. */
  unseal(owner: CursorOwner, sealed: string): string | null;
}

/** `sealKey` is hex; any process with the same key can unseal. */
export function createCursors(sealKey: string): Cursors {
  const key = Buffer.from(sealKey, 'hex');
  const macOf = ({ server, principal, kind }: CursorOwner, cursor: string): string =>
    createHmac('sha256', key)
      .update(JSON.stringify(['cursor', server, principal, kind, cursor]))
      .digest('hex')
      .slice(0, MAC_LENGTH);
  return {
    seal: (owner, cursor) => `${cursor}.${macOf(owner, cursor)}`,
    unseal(owner, sealed) {
      const cursor = sealed.slice(0, -MAC_LENGTH - 1);
      const given = Buffer.from(sealed);
      const right = Buffer.from(`${cursor}.${macOf(owner, cursor)}`);
      return given.length === right.length && timingSafeEqual(given, right) ? cursor : null;
    },
  };
}
