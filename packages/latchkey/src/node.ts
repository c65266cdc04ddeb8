/** `latchkey/node`: the lock in a server of node:http. */
export { latchkey, type NodeDoor, type NodeHandler } from './adapters/node.ts';
export type { DoorOptions } from './adapters/door-options.ts';
export type { Caller } from './adapters/node-door.ts';
