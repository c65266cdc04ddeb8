/** `latchkey/fastify`: the lock in a Fastify app. */
export { latchkey, type FastifyDoor, type FastifyHook } from './adapters/fastify.ts';
