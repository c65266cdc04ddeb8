import type { ServerConfig } from '../../config/config.ts';
import { requireConfig } from '../../config/load-config.ts';
import { LatchkeyError } from '../../core/error.ts';
import { requireFile } from '../config.ts';
import { print, printJson } from '../output.ts';
import { explainCall, type Explanation } from './explain.ts';
import { createStranger, describeHolder, findHolder, type Holder } from './holder.ts';
import { describeRights, formatRights, type ServerOverview } from './overview.ts';
import { toWords } from './reason-words.ts';

export interface ExplainFlags {
  readonly tool?: string;
  readonly resource?: string;
  readonly prompt?: string;
  readonly method?: string;
  readonly scope: readonly string[];
  readonly as?: string;
  readonly args?: string;
  readonly server?: string;
  readonly store?: string;
  readonly config?: string;
  readonly json?: true;
}

/** Says of a call whether it would be allowed, or with --as and no call what its holder may do. */
export async function tellPolicy(flags: ExplainFlags): Promise<void> {
  checkHolder(flags);
  const call = flags.as !== undefined && isWithoutCall(flags) ? null : toCall(flags);
  const loaded = requireConfig({ env: process.env, file: requireFile(flags.config), tools: {} });
  const { servers, store } = loaded.config;
  if (call === null) {
    const chosen = flags.server === undefined ? servers : [findServer(servers, flags.server)];
    const holder = await findCaller(store, flags);
    return tellRights(describeRights(loaded, chosen, holder), holder, flags);
  }
  const server = findServer(servers, flags.server);
  const holder = await findCaller(store, flags);
  const judged = explainCall(loaded, server, { ...call, principal: holder.principal });
  const reason = holder.refusalAt(server.name);
  const explanation: Explanation = reason === null ? judged : { ...judged, decision: 'deny', reason };
  const { document } = holder;
  if (flags.json) printJson(document === null ? explanation : { ...explanation, as: document });
  else print(toText(explanation, document));
}

function tellRights(rights: readonly ServerOverview[], { document }: Holder, { json }: ExplainFlags): void {
  if (json) return printJson({ as: document, servers: rights });
  if (document !== null) print(`${describeHolder(document)}\n\n`);
  print(formatRights(rights));
}

async function findCaller(ownStore: string, { as, scope, store }: ExplainFlags): Promise<Holder> {
  return as === undefined ? createStranger(scope) : findHolder(as, store ?? ownStore);
}

/** Whose scopes hold is said in one way. */
function checkHolder({ as, scope, store }: ExplainFlags): void {
  if (as !== undefined && scope.length > 0) {
    throw new LatchkeyError('E_USAGE', 'There is --as and --scope.', {
      hint: 'the token has scopes of its own; leave --scope out, or --as',
    });
  }
  if (as === undefined && store !== undefined)
    throw new LatchkeyError('E_USAGE', '--store without --as.', { hint: 'for example: --as token:alice' });
}

/** Nothing that is about a call. */
function isWithoutCall({ tool, resource, prompt, method, args }: ExplainFlags): boolean {
  return [tool, resource, prompt, method, args].every((each) => each === undefined);
}

function toCall(flags: ExplainFlags): { method: string; params: string } {
  const { tool, resource, prompt, method, args = '{}' } = flags;
  if ([tool, resource, prompt, method].filter((each) => each !== undefined).length !== 1) {
    throw new LatchkeyError('E_USAGE', 'Exactly one of --tool, --resource, --prompt and --method is needed.', {
      hint: 'for example: latchkey policy explain --tool read_file --scope file:read',
    });
  }
  if (resource !== undefined) return { method: 'resources/read', params: JSON.stringify({ uri: resource }) };
  const given = checkObject(args);
  if (method !== undefined) return { method, params: given };
  return {
    method: tool === undefined ? 'prompts/get' : 'tools/call',
    params: `{"name":${JSON.stringify(tool ?? prompt)},"arguments":${given}}`,
  };
}

/** The text itself: parsed and written again it would lose what the gateway sees, such as a key that stands twice. */
function checkObject(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return json;
  } catch {
    // What it should have been is said below.
  }
  throw new LatchkeyError('E_USAGE', '--args is no JSON object.', { hint: `for example: --args '{"path":"/data/x"}'` });
}

function findServer(servers: readonly ServerConfig[], name: string | undefined): ServerConfig {
  const found =
    name === undefined && servers.length === 1 ? servers[0] : servers.find((server) => server.name === name);
  if (found !== undefined) return found;
  const names = servers.map((server) => server.name).join(', ');
  throw new LatchkeyError(
    'E_USAGE',
    name === undefined ? 'There are several servers.' : `There is no server "${name}".`,
    {
      hint: `--server takes one of: ${names}`,
    },
  );
}

function toText({ decision, reason, rules, scopes, readsPrincipal }: Explanation, holder: Holder['document']): string {
  const lines: string[] = [decision];
  if (reason !== null) lines.push(`why    ${toWords(reason)} (${reason} in the trail)`);
  if (holder !== null) lines.push(`as     ${describeHolder(holder)}`);
  for (const { pattern, where, when } of rules)
    lines.push(`rule   ${pattern}  ${where}`, ...(when === null ? [] : [`when   ${when}`]));
  if (rules.length === 0) lines.push('rule   none');
  // What no rule is about cannot be had by any scope.
  if (scopes.length > 0 || rules.length > 0 || reason === null)
    lines.push(`needs  ${scopes.length === 0 ? 'no scope' : scopes.join(' ')}`);
  if (readsPrincipal && holder === null)
    lines.push('note   the condition reads principal, which is an anonymous caller here');
  return `${lines.join('\n')}\n`;
}
