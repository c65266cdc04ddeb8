/** `latchkey/node`: the lock in a server of node:http. */
export { latchkey, type NodeDoor, type NodeHandler } from './adapters/node.ts';
