import type { ListedKind } from '../core/visibility.ts';
import { createSeal, type Seal } from './seal.ts';

/** Whose cursor it is, and of which list. */
export interface CursorOwner {
  readonly server: string;
  readonly principal: string;
  readonly kind: ListedKind;
}

/** Cursors as callers get them: of use only for the same list of the same server. */
export type Cursors = Seal<CursorOwner>;

export function createCursors(sealKey: string): Cursors {
  return createSeal(sealKey, ({ server, principal, kind }, cursor) =>
    JSON.stringify(['cursor', server, principal, kind, cursor]),
  );
}
