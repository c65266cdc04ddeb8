/**
 * A strict JSON-RPC reader to hold the scanner against: it builds a tree from decoded text with regular expressions, and
 * then asks the tree. Slow, and shares no line with the scanner.
 */
export interface Node {
  readonly type: 'object' | 'array' | 'string' | 'number' | 'literal';
  /** As it is written. */
  readonly raw: string;
  /** Of an object, in order, each key as it is written and as it is read. */
  readonly members: readonly { readonly raw: string; readonly key: string; readonly value: Node }[];
  readonly items: readonly Node[];
}

/** What a sound message says, in the words of `Message`, with JSON text where that has ranges. */
export type Reading = Readonly<Record<string, unknown>>;

export const NO_JSON = 'not JSON';
export const REFUSED = 'JSON, but to be refused';

const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const SPACE = /[ \t\r\n]*/y;
const DEPTH = 64;

class TooDeep extends Error {}

/** Reads a document; `NO_JSON` and `REFUSED` are verdicts. */
export function readReference(document: Buffer): Reading | typeof NO_JSON | typeof REFUSED {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(document);
    const root = parseTree(text);
    return hasSoundKeys(root) ? (readMessage(root) ?? REFUSED) : REFUSED;
  } catch (error) {
    if (error instanceof TooDeep) return REFUSED;
    // SyntaxError of ours, TypeError of TextDecoder.
    if (error instanceof SyntaxError || error instanceof TypeError) return NO_JSON;
    throw error;
  }
}

function parseTree(text: string): Node {
  let at = 0;
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found === undefined) throw new SyntaxError(`nothing fits at ${at}`);
    at += found.length;
    return found;
  };
  const takeIf = (character: string): boolean => {
    take(SPACE);
    if (text[at] !== character) return false;
    at += 1;
    return true;
  };
  const must = (character: string): void => {
    if (!takeIf(character)) throw new SyntaxError(`no ${character} at ${at}`);
  };
  const list = <Item>(close: string, item: () => Item): Item[] => {
    at += 1;
    if (takeIf(close)) return [];
    const items = [item()];
    while (takeIf(',')) items.push(item());
    must(close);
    return items;
  };
  const member = (depth: number) => (): Node['members'][number] => {
    take(SPACE);
    const raw = take(STRING);
    must(':');
    return { raw, key: JSON.parse(raw) as string, value: value(depth) };
  };
  const value = (depth: number): Node => {
    take(SPACE);
    const start = at;
    const first = text[at];
    if ((first === '{' || first === '[') && depth > DEPTH) throw new TooDeep();
    const members = first === '{' ? list('}', member(depth + 1)) : [];
    const items = first === '[' ? list(']', () => value(depth + 1)) : [];
    const type =
      first === '{'
        ? 'object'
        : first === '['
          ? 'array'
          : first === '"'
            ? 'string'
            : /[-0-9]/.test(first ?? '')
              ? 'number'
              : 'literal';
    if (type === 'string') take(STRING);
    else if (type === 'number') take(NUMBER);
    else if (type === 'literal') take(LITERAL);
    return { type, raw: text.slice(start, at), members, items };
  };
  const root = value(1);
  take(SPACE);
  if (at !== text.length) throw new SyntaxError('text after the document');
  return root;
}

function hasSoundKeys(node: Node): boolean {
  const keys = node.members.map(({ key }) => key);
  if (new Set(keys).size !== keys.length) return false;
  if (keys.some((key) => key.includes('\0') || !key.isWellFormed())) return false;
  return node.members.every(({ value }) => hasSoundKeys(value)) && node.items.every(hasSoundKeys);
}

const IN_MESSAGE = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'];
const IN_PARAMS = [
  'name',
  'arguments',
  '_meta',
  'uri',
  'ref',
  'requestId',
  'notifications',
  'argument',
  'context',
  'cursor',
  'level',

  'protocolVersion',
  'capabilities',
  'clientInfo',
  'progressToken',
  'requestState',
  'inputResponses',
  'task',
  'taskId',
];
const OWN = ['protocolVersion', 'clientCapabilities', 'clientInfo', 'logLevel', 'subscriptionId'];
const IN_META = ['progressToken', ...OWN.map((name) => `io.modelcontextprotocol/${name}`)];
const IN_REF = ['type', 'name', 'uri'];
const IN_FILTER = ['resourceSubscriptions', 'toolsListChanged', 'promptsListChanged', 'resourcesListChanged'];

function readMessage(root: Node): Reading | null {
  const params = memberOf(root, 'params');
  const [meta, ref, filter] = ['_meta', 'ref', 'notifications'].map((name) => memberOf(params, name));
  const guarded = [
    [root, IN_MESSAGE],
    [params, IN_PARAMS],
    [meta, IN_META],
    [ref, IN_REF],
    [filter, IN_FILTER],
  ] as const;
  if (root.type !== 'object' || guarded.some(([node, names]) => hasVariant(node, names))) return null;
  if (memberOf(root, 'jsonrpc')?.raw !== '"2.0"' || (params !== undefined && params.type !== 'object')) return null;
  const [method, id, result, error] = ['method', 'id', 'result', 'error'].map((name) => memberOf(root, name));
  const common = { ...readParams(params), id: toId(id) };
  if (method === undefined) {
    const one = (result === undefined) !== (error === undefined);
    return one && params === undefined && common.id !== null ? { ...common, kind: 'response', method: '' } : null;
  }
  const name = toText(method);
  if (result !== undefined || error !== undefined || !/^[!-~]{1,128}$/.test(name ?? '')) return null;
  const notification = name?.startsWith('notifications/') === true;
  if (notification ? id !== undefined : common.id === null) return null;
  const call = { ...common, kind: notification ? 'notification' : 'request', method: name as string };
  return isSoundCall(call, params) ? call : null;
}

function readParams(params: Node | undefined) {
  const [meta, args, ref] = ['_meta', 'arguments', 'ref'].map((name) => memberOf(params, name));
  const token = memberOf(meta, 'progressToken');
  const cursor = memberOf(params, 'cursor');
  return {
    params: params?.raw ?? null,
    name: toText(memberOf(params, 'name')),
    uri: toText(memberOf(params, 'uri')),
    taskId: toText(memberOf(params, 'taskId')),
    args: toObject(args),
    argsAmbiguous: args?.type === 'object' && hasAlikeKeys(args),
    ref:
      ref?.type === 'object'
        ? {
            type: toText(memberOf(ref, 'type')) ?? '',
            name: toText(memberOf(ref, 'name')),
            uri: toText(memberOf(ref, 'uri')),
          }
        : null,
    meta: toObject(meta),
    protocolVersion: toText(memberOf(meta, 'io.modelcontextprotocol/protocolVersion')),
    clientCapabilities: toObject(memberOf(meta, 'io.modelcontextprotocol/clientCapabilities')),
    progressToken: token?.type === 'string' || token?.type === 'number' ? token.raw : null,
    cursor: cursor?.type === 'string' ? cursor.raw : null,
    cancels: toId(memberOf(params, 'requestId')),
    resourceSubscriptions: [] as readonly string[],
  };
}

function isSoundCall(
  call: ReturnType<typeof readParams> & { method: string; resourceSubscriptions: readonly string[] },
  params: Node | undefined,
): boolean {
  const { method, name, uri, taskId, ref } = call;
  const args = memberOf(params, 'arguments');
  if (args !== undefined && args.type !== 'object') return false;
  if ((method === 'tools/call' || method === 'prompts/get') && name === null) return false;
  if (method === 'resources/read' && uri === null) return false;
  if (method === 'completion/complete' && toText(memberOf(memberOf(params, 'ref'), 'type')) === null) return false;
  if (![name, uri, taskId, ref?.name, ref?.uri].every(isSoundTarget)) return false;
  const list = memberOf(memberOf(params, 'notifications'), 'resourceSubscriptions');
  if (method !== 'subscriptions/listen' || list === undefined) return true;
  const uris = list.items.map(toText);
  call.resourceSubscriptions = uris as string[];
  return list.type === 'array' && uris.length <= 1024 && uris.every((each) => each !== null && isSoundTarget(each));
}

function isSoundTarget(target: string | null | undefined): boolean {
  if (target === null || target === undefined) return true;
  return target.length <= 8192 && target.isWellFormed() && !/\p{Cc}/u.test(target);
}

function memberOf(node: Node | undefined, name: string): Node | undefined {
  return node?.members.find(({ key }) => key === name)?.value;
}

function toText(node: Node | undefined): string | null {
  return node?.type === 'string' ? (JSON.parse(node.raw) as string) : null;
}

function toObject(node: Node | undefined): string | null {
  return node?.type === 'object' ? node.raw : null;
}

function toId(node: Node | undefined): string | null {
  if (node?.type === 'number') return /^-?\d{1,31}$/.test(node.raw) && node.raw !== '-0' ? node.raw : null;
  if (node?.type !== 'string' || Buffer.byteLength(node.raw) > 512 + 2) return null;
  const text = toText(node) ?? '';
  return text.isWellFormed() && !text.includes('\0') ? node.raw : null;
}

/** Whether a key could be taken for one of the names without being it, letter for letter. */
function hasVariant(node: Node | undefined, names: readonly string[]): boolean {
  return (node?.members ?? []).some(({ raw, key }) => {
    const same = names.find((name) => looseForm(name) === looseForm(key));
    return same !== undefined && raw.replaceAll('\\/', '/') !== `"${same}"`;
  });
}

function hasAlikeKeys(node: Node): boolean {
  const forms = node.members.map(({ key }) => looseForm(key));
  if (new Set(forms).size !== forms.length || node.members.some(isPrototype)) return true;
  return node.members.some(({ value }) => hasAlikeKeys(value)) || node.items.some(hasAlikeKeys);
}

function isPrototype({ key, value }: Node['members'][number]): boolean {
  return key === '__proto__' || (key === 'constructor' && value.type === 'object');
}

const LOOSE = new Map<string, string>();

/** Letters, digits and signs that are seen, without accents and case. */
function looseForm(key: string): string {
  const known = LOOSE.get(key);
  if (known !== undefined) return known;
  const seen = [...key.normalize('NFKD')].filter(
    (character) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(character) && !/[-_\u115f\u1160\u3164\uffa0]/.test(character),
  );
  const form = seen.map((character) => character.toUpperCase().toLowerCase()).join('');
  if (LOOSE.size < 10_000) LOOSE.set(key, form);
  return form;
}
