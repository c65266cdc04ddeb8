import type { Principal } from './principal.ts';

/** Signs who is asking, for one upstream; a text that may stand in a header. `now` is epoch milliseconds. */
export type SignIdentity = (principal: Principal, now: number) => string;
