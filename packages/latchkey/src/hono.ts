export { latchkey } from './adapters/hono.ts';
export type { HonoDoor, HonoOptions, LatchkeyVariables } from './adapters/hono.ts';
export type { DoorOptions } from './adapters/door-options.ts';
