import { expect } from 'vitest';
import { callBody, legacyCall, openSession, type Call, type Site, type Spy } from './harness.ts';

export type Text = string | Buffer;
export const ALLOWED = callBody();
export const DENIED = callBody({ tool: 'delete_all' });

/** M0 with each of these bodies. The headers say what a gateway would find that reads the body in one of its ways. */
export function bodies(texts: readonly Text[], tool = 'echo'): Record<string, Call> {
  const named = texts.map((body, at): [string, Call] => {
    const name = `${at} ${String(body).slice(0, 300)}`;
    return [name, { body, headers: { 'Mcp-Name': tool } }];
  });
  return Object.fromEntries(named);
}

/** The same bodies from a client of 2025-03-26, which says nothing in headers, in a session of its own. */
export async function legacyBodies(at: Site<Spy>, texts: readonly Text[]): Promise<Record<string, Call>> {
  const session = await openSession(at, undefined, '2025-03-26');
  const { headers } = legacyCall('tools/call', {}, session);
  const calls = Object.entries(bodies(texts)).map(([name, { body }]) => [
    name,
    { body, headers: { ...headers, 'MCP-Protocol-Version': null } },
  ]);
  return Object.fromEntries(calls) as Record<string, Call>;
}

/** What the trail has of the last requests, oldest first. */
export async function trailOf(at: Site<Spy>, count: number): Promise<readonly Record<string, unknown>[]> {
  const readTrail = async (): Promise<readonly Record<string, unknown>[]> => {
    const lines = (await at.gateway.command('trail', '--json', '--limit', String(count))).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  await expect.poll(readTrail, { timeout: 20_000 }).toHaveLength(count);
  return readTrail();
}

/** Puts text in front of a member, or behind its value when that is given. */
export function beside(body: string, member: string, added: string): string {
  expect(body.split(member)).toHaveLength(2);
  return body.replace(member, () => `${added},${member}`);
}

export function behind(body: string, member: string, added: string): string {
  expect(body.split(member)).toHaveLength(2);
  return body.replace(member, () => `${member},${added}`);
}

/** A call of `echo` with its arguments in this JSON text. */
export const withArgs = (args: string): string => ALLOWED.replace('{"text":"hi"}', () => args);
export const withName = (name: string): string => ALLOWED.replace('"echo"', () => name);
