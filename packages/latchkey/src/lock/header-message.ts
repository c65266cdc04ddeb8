import { decodeHeaderValue } from '../core/mcp-header.ts';
import type { Message } from '../core/message.ts';
import { METHODS } from '../core/methods.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import { eraOf, revisionsOf } from '../core/revision.ts';
import type { RequestHeaders } from './request-headers.ts';
import { NAMED } from './scan-message.ts';

/**
 * The message as the headers of a 2026-07-28 request describe it (Streamable HTTP §Standard Headers), for a server that
 * holds them against the body. What they do not tell cannot be judged by them and is refused.
 */
export function readHeaderMessage(headers: RequestHeaders): Message | Refusal {
  const { protocolVersion, mcpMethod, mcpName } = headers;
  if (eraOf(protocolVersion ?? '') !== 'modern')
    return refuse('version-unsupported', {
      supported: revisionsOf('modern'),
      requested: eraOf(protocolVersion ?? '') === null ? '' : (protocolVersion as string),
    });
  if (mcpMethod === null) return mismatch('Mcp-Method is missing');
  // Two headers in one, of which another program may read the first only.
  if (!METHOD.test(mcpMethod) || mcpName?.includes(',') === true) return refuse('header-repeated');
  const subject = METHODS.modern.get(mcpMethod);
  // What is subscribed to stands in the body alone, as does what a completion is for.
  if (subject === 'subscriptions' || subject === 'reference')
    return refuse('policy-no-rule', { detail: 'only its body tells what it is for' });
  const source = NAMED.get(mcpMethod);
  if (source === undefined) return toMessage(mcpMethod, {});
  if (mcpName === null) return mismatch('Mcp-Name is missing');
  const name = decodeHeaderValue(mcpName);
  return name === null ? mismatch('Mcp-Name') : toMessage(mcpMethod, { [source]: name });
}

const METHOD = /^[\w$./-]{1,128}$/;

function mismatch(detail: string): Refusal {
  return refuse('header-mismatch', { detail });
}

function toMessage(method: string, target: { readonly name?: string; readonly uri?: string }): Message {
  return {
    bytes: new Uint8Array(0),
    kind: method.startsWith('notifications/') ? 'notification' : 'request',
    method,
    id: null,
    idRange: null,
    params: null,
    name: target.name ?? null,
    uri: target.uri ?? null,
    taskId: null,
    args: null,
    // Nobody saw them: no condition may judge them.
    argsAmbiguous: true,
    cursor: null,
    ref: null,
    resourceSubscriptions: [],
    meta: null,
    protocolVersion: null,
    clientCapabilities: null,
    progressToken: null,
    cancels: null,
  };
}
