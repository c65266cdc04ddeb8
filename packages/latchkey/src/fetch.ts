export { latchkey } from './adapters/fetch.ts';
export type { Fetch, FetchDoor, FetchOptions, Handler, Let, LetMcp } from './adapters/fetch.ts';
