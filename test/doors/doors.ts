/** What a server of the door tests is made with. */
export const DOORS = ['express', 'fastify', 'hono', 'node', 'fetch'] as const;
export type DoorName = (typeof DOORS)[number];

/** How the project of vitest is called that asks a door. */
export function toProject(door: DoorName): string {
  return `door-${door}`;
}
