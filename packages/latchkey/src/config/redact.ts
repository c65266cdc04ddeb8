import { isTree } from './layers.ts';
import type { Tree } from './layers.ts';

/** What stands in the place of a value that may be secret. */
export const REDACTED = '[redacted]';
const SECRET_FLAG = /^--?[\w-]*(?:key|token|secret|pass|auth|credential)[\w-]*$/i;
const SECRET_SETTING = /^(--?)?([\w-]*(?:key|token|secret|pass|auth|credential)[\w-]*)=/i;

/**
 * A configuration as written, without what may be secret: literal values of an upstream's environment and headers,
 * arguments of a command after a flag that names a secret, and the query of a URL. Where a secret comes from stays.
 */
export function redactConfig(config: unknown): unknown {
  if (!isTree(config)) return config;
  const servers = config['servers'];
  const tree = redactCommands(config) as Tree;
  const redacted: Tree = { ...tree, upstream: redactUpstream(tree['upstream']) };
  if (isTree(servers)) {
    redacted['servers'] = Object.fromEntries(
      Object.entries(servers).map(([name, server]) => [name, redactConfig(server)]),
    );
  }
  return redacted;
}

/** Every `command`, wherever one stands: that of an upstream, and that to which a rotated token is given. */
function redactCommands(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redactCommands);
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === 'command' && Array.isArray(inner) ? redactCommand(inner) : redactCommands(inner),
    ]),
  );
}

function redactUpstream(upstream: unknown): unknown {
  if (!isTree(upstream)) return upstream;
  const { url, env, headers } = upstream;
  return {
    ...upstream,
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
