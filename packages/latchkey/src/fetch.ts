export { latchkey } from './adapters/fetch.ts';
export type { DoorOptions } from './adapters/door-options.ts';
export type { Caller, Fetch, FetchDoor, FetchOptions, Handler, McpCaller } from './adapters/fetch.ts';
export { jwt } from './compose-jwt.ts';
export { createLatchkey } from './lock/create-latchkey.ts';
export { createRouteLock, type RouteLock } from './lock/create-route-lock.ts';
export type { JwtOptions } from './lock/read-jwt.ts';
