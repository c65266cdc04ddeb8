import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../core/principal.ts';
import { Secret } from '../core/secret.ts';
import { type AuthInfo, toAuthInfo } from '../lock/auth-info.ts';
import type { Admission, Guard, Passage } from '../lock/passage.ts';
import type { DoorOptions } from './door-options.ts';
import { bindAnswer } from './node-answer.ts';
import { type Seen, toIncoming } from './node-incoming.ts';
import { sendAnswer } from './send-answer.ts';

/** A request of Node and its answer. */
export interface Exchanged {
  readonly request: IncomingMessage & { auth?: AuthInfo };
  readonly response: ServerResponse;
}

/** What a handler behind a door knows of its caller. */
export interface Caller {
  readonly principal: Principal;
  /** As handlers of the MCP SDK want it. */
  readonly authInfo: AuthInfo;
  /** The JSON value of the message that was judged; undefined where there was none. */
  readonly body: unknown;
}

/**
 * Has a guard judge a request; calls `enter` at most once and only for one that is let in, at once where nothing has to
 * wait. Any other is answered.
 */
export function admit(
  guard: Guard,
  { request, response }: Exchanged,
  { seen, options }: { readonly seen: Seen; readonly options: DoorOptions },
  enter: (caller: Caller) => void,
): void {
  const conclude = (admission: Admission): void => {
    if (admission.kind === 'refused') return sendAnswer(request, response, admission.answer);
    if (!bindAnswer(request, response, admission)) return;
    const caller = toCaller(request, admission, options);
    // Where handlers of both lines of the MCP SDK look for it.
    request.auth = caller.authInfo;
    enter(caller);
  };
  const admission = guard.admit(toIncoming(request, seen, options));
  if (admission instanceof Promise) void admission.then(conclude);
  else conclude(admission);
}

function toCaller(
  request: IncomingMessage,
  { principal, message }: Passage,
  { withToken = false }: DoorOptions,
): Caller {
  return {
    principal,
    authInfo: withToken ? toAuthInfo(principal, { token: tokenOf(request) }) : toAuthInfo(principal),
    body: message === null ? undefined : JSON.parse(message.bytes.toString()),
  };
}

function tokenOf({ headers }: IncomingMessage): Secret {
  const { authorization, 'x-api-key': apiKey } = headers;
  return new Secret(authorization === undefined ? String(apiKey) : authorization.replace(/^\S+ +/, ''));
}
