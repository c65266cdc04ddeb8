import type { DeclaredTools } from '../../core/declared-tool.ts';
import { assertSandbox } from './sandbox.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws E_UPSTREAM_START when this machine lacks what the tools need in order to run as they were declared. */
export function assertRunnable({ tools }: DeclaredTools, env: Environment = process.env): void {
  if (tools.some(({ sandbox }) => sandbox !== null)) assertSandbox(env);
}
