export { latchkey } from './adapters/fetch.ts';
export type { Caller, Fetch, FetchDoor, FetchOptions, Handler, McpCaller } from './adapters/fetch.ts';
