import { EVERY_SCOPE } from '../../core/principal.ts';
import type { Settings } from '../schema.ts';
import type { ToolSettings } from './tools-schema.ts';

/** A rule of a tool, as `tools:` of latchkey.yaml has them. */
export type ToolRule = Settings['tools'][string];

/**
 * The rules that a file's `role` and `rate_limit` stand for, by tool name: a role is the scope `role:NAME`. As soon as one
 * tool has a rule, every tool has one, since what has none would be refused; empty when no tool has any. Limits alone let
 * nobody in: then each tool is for holders of every scope, as without rules.
 */
export function createToolRules(tools: readonly ToolSettings[]): Readonly<Record<string, ToolRule>> {
  if (tools.every(({ role, rate_limit }) => role === undefined && rate_limit === undefined)) return {};
  const others = tools.some(({ role }) => role !== undefined) ? [] : [EVERY_SCOPE];
  return Object.fromEntries(
    tools.map(({ name, role, rate_limit: limit }): [string, ToolRule] => [
      name,
      {
        scopes: role === undefined ? others : [`role:${role}`],
        hidden: false,
        deny: false,
        ...(limit !== undefined && { limit }),
      },
    ]),
  );
}
