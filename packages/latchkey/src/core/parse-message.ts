import { latin1Of, textOf } from './bytes.ts';
import type { Message, Range } from './message.ts';
import { createShape, watchKeys } from './json-shape.ts';
import { decodeText, firstByte } from './json-text.ts';
import { refuse, type Refusal } from './reason.ts';
import { TYPE_ARRAY, TYPE_NONE, TYPE_NUMBER, TYPE_OBJECT, TYPE_STRING, scanJson } from './strict-json.ts';

export type ParseResult =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

const JSONRPC = 0;
const ID = 3;
const METHOD = 6;
const PARAMS = 9;
const RESULT = 12;
const ERROR = 15;
const NAME = 18;
const URI = 21;
const ARGUMENTS = 24;
const META = 27;
const REF = 30;
const REF_TYPE = 33;
const REF_NAME = 36;
const REF_URI = 39;
const REQUEST_ID = 42;
const SUBSCRIPTIONS = 45;
const VERSION = 48;
const CAPABILITIES = 51;
const PROGRESS_TOKEN = 54;
const TASK_ID = 57;
const CURSOR = 60;
const ARGUMENTS_CASE = 63;

// Members without a slot are only guarded: a key that looks like one of them but is not is refused.
const META_SHAPE = createShape({
  'io.modelcontextprotocol/protocolVersion': { slot: VERSION },
  'io.modelcontextprotocol/clientCapabilities': { slot: CAPABILITIES },
  progressToken: { slot: PROGRESS_TOKEN },
  'io.modelcontextprotocol/clientInfo': {},
  'io.modelcontextprotocol/logLevel': {},
  'io.modelcontextprotocol/subscriptionId': {},
});
const REF_SHAPE = createShape({ type: { slot: REF_TYPE }, name: { slot: REF_NAME }, uri: { slot: REF_URI } });
const FILTER_SHAPE = createShape({
  resourceSubscriptions: { slot: SUBSCRIPTIONS },
  toolsListChanged: {},
  promptsListChanged: {},
  resourcesListChanged: {},
});
const PARAMS_SHAPE = createShape({
  name: { slot: NAME },
  arguments: { slot: ARGUMENTS, shape: watchKeys(ARGUMENTS_CASE) },
  _meta: { slot: META, shape: META_SHAPE },
  uri: { slot: URI },
  ref: { slot: REF, shape: REF_SHAPE },
  requestId: { slot: REQUEST_ID },
  notifications: { shape: FILTER_SHAPE },
  argument: {},
  context: {},
  cursor: { slot: CURSOR },
  level: {},
  protocolVersion: {},
  capabilities: {},
  clientInfo: {},
  progressToken: {},
  requestState: {},
  inputResponses: {},
  task: {},
  taskId: { slot: TASK_ID },
});
const MESSAGE_SHAPE = createShape({
  jsonrpc: { slot: JSONRPC },
  id: { slot: ID },
  method: { slot: METHOD },
  params: { slot: PARAMS, shape: PARAMS_SHAPE },
  result: { slot: RESULT },
  error: { slot: ERROR },
});

const MAX_METHOD_LENGTH = 128;
const MAX_ID_LENGTH = 512;
const MAX_TARGET_LENGTH = 8192;
const MAX_SUBSCRIPTIONS = 1024;
const INTEGER = /^(?:0|-?[1-9][0-9]{0,30})$/;

const slots = new Int32Array(ARGUMENTS_CASE + 1);

/**
 * Reads one JSON-RPC 2.0 message (MCP 2026-07-28 basic §Messages) from its bytes and refuses whatever two programs
 * could read in two ways: repeated keys, look-alikes of protocol keys, batches, ids that are not a string or a plain
 * integer, requests without an id, arguments that are not an object. `message.bytes` is the argument itself.
 */
export function parseMessage(bytes: Uint8Array): ParseResult {
  if (firstByte(bytes) === 0x5b) return refused('message-invalid', 'a batch');
  const fault = scanJson(bytes, MESSAGE_SHAPE, slots);
  if (fault === 'malformed') return refused('json-malformed', 'not strict JSON');
  if (fault !== null) return refused('message-invalid', fault);
  if (type(JSONRPC) !== TYPE_STRING || !isVersion(bytes, slots[JSONRPC] as number, slots[JSONRPC + 1] as number))
    return refused('message-invalid', 'jsonrpc is not "2.0"');
  if (type(PARAMS) !== TYPE_NONE && type(PARAMS) !== TYPE_OBJECT)
    return refused('message-invalid', 'params is not an object');
  return type(METHOD) === TYPE_NONE ? parseResponse(bytes) : parseCall(bytes);
}

function parseCall(bytes: Uint8Array): ParseResult {
  if (type(METHOD) !== TYPE_STRING) return refused('message-invalid', 'method is not a string');
  if (type(RESULT) !== TYPE_NONE || type(ERROR) !== TYPE_NONE)
    return refused('message-invalid', 'both a call and a response');
  const method = text(bytes, METHOD);
  if (method === '' || method.length > MAX_METHOD_LENGTH || !isVisibleAscii(method))
    return refused('message-invalid', 'method is not a name');
  const notification = method.startsWith('notifications/');
  if (notification !== (type(ID) === TYPE_NONE))
    return refused('message-invalid', notification ? 'a notification with an id' : 'a request without an id');
  const id = notification ? null : idText(bytes, ID);
  if (!notification && id === null) return refused('message-invalid', 'id is not a string or an integer');
  return parseParams(bytes, method, id);
}

function parseParams(bytes: Uint8Array, method: string, id: string | null): ParseResult {
  const needed = NEEDED.get(method);
  if (needed !== undefined)
    for (let i = 0; i < needed.length; i += 1)
      if (type(needed[i] as number) !== TYPE_STRING)
        return refused('params-invalid', 'a needed member is missing or no text', id);
  // Nobody can judge arguments that are not an object, whatever the method makes of them.
  if (type(ARGUMENTS) !== TYPE_NONE && type(ARGUMENTS) !== TYPE_OBJECT)
    return refused('params-invalid', 'arguments is not an object', id);
  const resourceSubscriptions = method === 'subscriptions/listen' ? parseSubscriptions(bytes) : NO_SUBSCRIPTIONS;
  if (resourceSubscriptions === null) return refused('params-invalid', 'resourceSubscriptions', id);
  const call = accepted(bytes, id === null ? 'notification' : 'request', method, id, resourceSubscriptions);
  return areSoundTargets(call) ? { kind: 'message', message: call } : refused('params-invalid', 'a name or URI', id);
}

const NEEDED: ReadonlyMap<string, readonly number[]> = new Map([
  ['tools/call', [NAME]],
  ['prompts/get', [NAME]],
  ['resources/read', [URI]],
  ['completion/complete', [REF_TYPE]],
]);

function areSoundTargets({ name, uri, taskId, ref }: Message): boolean {
  if (!isSoundTarget(name) || !isSoundTarget(uri) || !isSoundTarget(taskId)) return false;
  return ref === null || (isSoundTarget(ref.name) && isSoundTarget(ref.uri));
}

function parseResponse(bytes: Uint8Array): ParseResult {
  if ((type(RESULT) === TYPE_NONE) === (type(ERROR) === TYPE_NONE))
    return refused('message-invalid', 'neither a call nor a response');
  if (type(PARAMS) !== TYPE_NONE) return refused('message-invalid', 'a response with params');
  const id = idText(bytes, ID);
  if (id === null) return refused('message-invalid', 'id is not a string or an integer');
  return { kind: 'message', message: accepted(bytes, 'response', '', id, NO_SUBSCRIPTIONS) };
}

const NO_SUBSCRIPTIONS: readonly string[] = [];

function accepted(
  bytes: Uint8Array,
  kind: Message['kind'],
  method: string,
  id: string | null,
  resourceSubscriptions: readonly string[],
): Message {
  const quote = type(ID) === TYPE_STRING ? 1 : 0;
  return {
    bytes,
    kind,
    method,
    id,
    idRange: id === null ? null : { start: (slots[ID] as number) - quote, end: (slots[ID + 1] as number) + quote },
    params: range(PARAMS),
    name: type(NAME) === TYPE_STRING ? text(bytes, NAME) : null,
    uri: type(URI) === TYPE_STRING ? text(bytes, URI) : null,
    taskId: textOrNull(bytes, TASK_ID),
    args: type(ARGUMENTS) === TYPE_OBJECT ? range(ARGUMENTS) : null,
    argsAmbiguous: slots[ARGUMENTS_CASE] === 1,
    cursor: type(CURSOR) === TYPE_STRING ? quoted(CURSOR) : null,
    ref:
      type(REF) === TYPE_OBJECT
        ? {
            type: textOrNull(bytes, REF_TYPE) ?? '',
            name: textOrNull(bytes, REF_NAME),
            uri: textOrNull(bytes, REF_URI),
          }
        : null,
    resourceSubscriptions,
    meta: type(META) === TYPE_OBJECT ? range(META) : null,
    protocolVersion: textOrNull(bytes, VERSION),
    clientCapabilities: type(CAPABILITIES) === TYPE_OBJECT ? range(CAPABILITIES) : null,
    progressToken: progressToken(),
    cancels: idText(bytes, REQUEST_ID),
  };
}

/** A string with its quotes. */
function quoted(slot: number): Range {
  return { start: (slots[slot] as number) - 1, end: (slots[slot + 1] as number) + 1 };
}

function progressToken(): Range | null {
  const quote = type(PROGRESS_TOKEN) === TYPE_STRING ? 1 : 0;
  if (quote === 0 && type(PROGRESS_TOKEN) !== TYPE_NUMBER) return null;
  return { start: (slots[PROGRESS_TOKEN] as number) - quote, end: (slots[PROGRESS_TOKEN + 1] as number) + quote };
}

/**
 * The id's exact JSON text, or null when it is not one: `1.0`, `1e0` and `-0` are numbers that programs re-spell, lone
 * surrogates become another character, and at a NUL text ends to some.
 */
function idText(bytes: Uint8Array, slot: number): string | null {
  const start = slots[slot] as number;
  const end = slots[slot + 1] as number;
  if (end - start > MAX_ID_LENGTH) return null;
  if (type(slot) === TYPE_STRING) {
    const id = textOf(bytes, start - 1, end + 1);
    return !id.includes('\\') || isSoundId(JSON.parse(id) as string) ? id : null;
  }
  if (type(slot) !== TYPE_NUMBER) return null;
  const id = latin1Of(bytes, start, end);
  return INTEGER.test(id) ? id : null;
}

function parseSubscriptions(bytes: Uint8Array): readonly string[] | null {
  if (type(SUBSCRIPTIONS) === TYPE_NONE) return NO_SUBSCRIPTIONS;
  if (type(SUBSCRIPTIONS) !== TYPE_ARRAY) return null;
  const list = JSON.parse(textOf(bytes, slots[SUBSCRIPTIONS], slots[SUBSCRIPTIONS + 1])) as unknown[];
  if (list.length > MAX_SUBSCRIPTIONS) return null;
  return list.every((uri): uri is string => typeof uri === 'string' && isSoundTarget(uri)) ? list : null;
}

/** No control characters, no lone surrogates, bounded: what remains is one name to every program. */
function isSoundTarget(target: string | null): boolean {
  if (target === null) return true;
  return target.length <= MAX_TARGET_LENGTH && !/[\u0000-\u001f\u007f-\u009f]/.test(target) && target.isWellFormed();
}

function isSoundId(id: string): boolean {
  return id.isWellFormed() && !id.includes('\0');
}

/** Whether the bytes spell `2.0`, and not by escapes. */
function isVersion(bytes: Uint8Array, start: number, stop: number): boolean {
  return stop - start === 3 && bytes[start] === 0x32 && bytes[start + 1] === 0x2e && bytes[start + 2] === 0x30;
}

function isVisibleAscii(method: string): boolean {
  return /^[\x21-\x7e]+$/.test(method);
}

function refused(
  reason: 'json-malformed' | 'message-invalid' | 'params-invalid',
  detail: string,
  id: string | null = null,
): ParseResult {
  return { kind: 'refused', refusal: refuse(reason, id === null ? { detail } : { detail, id }) };
}

function type(slot: number): number {
  return slots[slot + 2] as number;
}

function range(slot: number): Range | null {
  return type(slot) === TYPE_NONE ? null : { start: slots[slot] as number, end: slots[slot + 1] as number };
}

function text(bytes: Uint8Array, slot: number): string {
  return decodeText(bytes, slots[slot] as number, slots[slot + 1] as number);
}

function textOrNull(bytes: Uint8Array, slot: number): string | null {
  return type(slot) === TYPE_STRING ? text(bytes, slot) : null;
}
