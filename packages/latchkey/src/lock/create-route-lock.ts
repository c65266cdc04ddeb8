import { assembleLock } from './create-latchkey.ts';
import { createFaults } from './faults.ts';
import type { Latchkey } from './latchkey.ts';
import type { LatchkeyOptions, PolicyOptions, ScopesOf } from './options.ts';
import { readRule } from './read-rule.ts';
import { createRouteGuard } from './route-guard.ts';

/** What of a lock an HTTP API needs that is no MCP server. */
export type RouteLock<Scope extends string = string> = Pick<Latchkey<Scope>, 'protect' | 'metadata'>;

/**
 * `createLatchkey` for HTTP APIs that are no MCP servers, where each byte of a bundle counts: of MCP only what the options
 * say is in it. Throws a TypeError that names everything that is wrong with the options.
 */
export function createRouteLock<const Rules extends PolicyOptions = PolicyOptions>(
  options: LatchkeyOptions<Rules>,
): RouteLock<ScopesOf<Rules>> {
  const { lock, metadata } = assembleLock(options, { faults: createFaults(), known: [] });
  return { protect: (...rule) => createRouteGuard(lock, { scopes: readRule(...rule) }), metadata };
}
