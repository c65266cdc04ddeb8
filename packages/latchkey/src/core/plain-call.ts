import { bytesOf, joinBytes, textOf } from './bytes.ts';
import { createShape } from './json-shape.ts';
import { MODERN_REVISION } from './revision.ts';
import { refuse, type Refusal } from './reason.ts';
import { scanJson, TYPE_NONE, TYPE_OBJECT, TYPE_STRING } from './strict-json.ts';

/** The id of the message that a plain call becomes, as JSON text. */
export const PLAIN_ID = '"rest"';

const TOOL = 0;
const PARAMS = 3;
const SHAPE = createShape({ tool: { slot: TOOL }, params: { slot: PARAMS } });
const META = `"_meta":{"io.modelcontextprotocol/protocolVersion":"${MODERN_REVISION}","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"latchkey-rest","version":"0"}}`;

const CALL_BEFORE_NAME = bytesOf(`{"jsonrpc":"2.0","id":${PLAIN_ID},"method":"tools/call","params":{"name":`);
const CALL_BEFORE_ARGUMENTS = bytesOf(',"arguments":');
const CALL_END = bytesOf(`,${META}}}`);

const slots = new Int32Array(6);

/**
 * The `tools/call` that `{"tool": NAME, "params": {…}}` stands for; its parts are the very bytes that were sent. What two
 * programs could read in two ways is refused, and so is any other member. `params` may be left out.
 */
export function toPlainCall(body: Uint8Array): { readonly bytes: Uint8Array; readonly tool: string } | Refusal {
  const fault = scanJson(body, SHAPE, slots);
  if (fault === 'malformed') return refuse('json-malformed');
  if (fault !== null) return refuse('message-invalid', { detail: fault });
  if (body[body.findIndex((byte) => !BLANKS.has(byte))] !== BRACE)
    return refuse('message-invalid', { detail: 'no object' });
  if (typeAt(TOOL) !== TYPE_STRING) return refuse('params-invalid', { detail: 'tool is no text' });
  const hasParams = typeAt(PARAMS) !== TYPE_NONE;
  if (hasParams && typeAt(PARAMS) !== TYPE_OBJECT) return refuse('params-invalid', { detail: 'params is no object' });
  const members = JSON.parse(textOf(body)) as { readonly tool: string };
  if (Object.keys(members).length !== (hasParams ? 2 : 1))
    return refuse('params-invalid', { detail: 'a member besides tool and params' });
  const name = body.subarray((slots[TOOL] as number) - 1, (slots[TOOL + 1] as number) + 1);
  const args = hasParams ? body.subarray(slots[PARAMS], slots[PARAMS + 1]) : bytesOf('{}');
  return { bytes: joinBytes([CALL_BEFORE_NAME, name, CALL_BEFORE_ARGUMENTS, args, CALL_END]), tool: members.tool };
}

/** A `tools/list`, of the page that `cursor` names. */
export function toPlainList(cursor: string | null): Uint8Array {
  const page = cursor === null ? '' : `"cursor":${JSON.stringify(cursor)},`;
  return bytesOf(`{"jsonrpc":"2.0","id":${PLAIN_ID},"method":"tools/list","params":{${page}${META}}}`);
}

const BRACE = 0x7b;
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

function typeAt(slot: number): number {
  return slots[slot + 2] as number;
}
