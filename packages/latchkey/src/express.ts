/** `latchkey/express`: the lock in an Express app. */
export { latchkey, type ExpressDoor, type ExpressMiddleware } from './adapters/express.ts';
export type { DoorOptions } from './adapters/door-options.ts';
