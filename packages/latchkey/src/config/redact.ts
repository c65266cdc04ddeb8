import { isTree } from './layers.ts';
import type { Tree } from './layers.ts';

/** What stands in the place of a value that may be secret. */
export const REDACTED = '[redacted]';
const SECRET_FLAG = /^--?[\w-]*(?:key|token|secret|pass|auth|credential)[\w-]*$/i;
const SECRET_SETTING = /^(--?)?([\w-]*(?:key|token|secret|pass|auth|credential)[\w-]*)=/i;

/**
 * A configuration as written, without what may be secret: literal values of an upstream's environment and headers,
 * arguments after a flag that names a secret, and the query of its URL. Where a secret comes from stays.
 */
export function redactConfig(config: unknown): unknown {
  if (!isTree(config)) return config;
  const servers = config['servers'];
  const redacted: Tree = { ...config, upstream: redactUpstream(config['upstream']) };
  if (isTree(servers)) {
    redacted['servers'] = Object.fromEntries(
      Object.entries(servers).map(([name, server]) => [name, redactConfig(server)]),
    );
  }
  return redacted;
}

function redactUpstream(upstream: unknown): unknown {
  if (!isTree(upstream)) return upstream;
  const { command, url, env, headers } = upstream;
  return {
    ...upstream,
    ...(Array.isArray(command) && { command: redactCommand(command) }),
    ...(typeof url === 'string' && { url: url.replace(/\?.*$/s, `?${REDACTED}`) }),
    ...(isTree(env) && { env: redactTexts(env) }),
    ...(isTree(headers) && { headers: redactTexts(headers) }),
  };
}

function redactTexts(values: Tree): Tree {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? REDACTED : value]),
  );
}

function redactCommand(command: readonly unknown[]): readonly unknown[] {
  return command.map((argument, index) => {
    if (SECRET_FLAG.test(String(command[index - 1]))) return REDACTED;
    return typeof argument === 'string'
      ? argument.replace(SECRET_SETTING, '$1$2=\u0000').replace(/\u0000.*$/s, REDACTED)
      : argument;
  });
}
