import type { IncomingMessage, ServerResponse } from 'node:http';
import { textOf } from '../core/bytes.ts';
import type { Principal } from '../core/principal.ts';
import { Secret } from '../core/secret.ts';
import { type AuthInfo, toAuthInfo } from '../lock/auth-info.ts';
import type { Admission, Guard, Passage } from '../lock/passage.ts';
import { bindAnswer } from './bind-answer.ts';
import type { DoorSettings } from './door-options.ts';
import type { NodeIncoming } from './node-incoming.ts';

/** What a handler behind a door knows of its caller. */
export interface Caller {
  readonly principal: Principal;
  /** As handlers of the MCP SDK want it. */
  readonly authInfo: AuthInfo;
  /** The JSON value of the message that was judged; undefined where there was none. */
  readonly body: unknown;
}

/** How the requests of one framework come to a guard. */
export interface Judging<Request> {
  readonly guard: Guard;
  /** What it throws, as a function of the framework's user may, refuses the request. */
  readonly describe: (request: Request) => NodeIncoming;
}

/** Has the guard judge a request; `conclude` is called at once where nothing has to wait. */
export function judge<Request extends { readonly method?: string | undefined }>(
  { guard, describe }: Judging<Request>,
  request: Request,
  conclude: (admission: Admission) => void,
): void {
  let incoming: NodeIncoming;
  try {
    incoming = describe(request);
  } catch (error) {
    return conclude(guard.fail(request.method ?? '', error));
  }
  const admission = guard.admit(incoming);
  const end = (judged: Admission): void => {
    incoming.release();
    conclude(judged);
  };
  if (admission instanceof Promise) void admission.then(end);
  else end(admission);
}

/** Makes the request one that its handler may have: null where nobody waits for its answer. */
export function letIn(
  request: IncomingMessage,
  response: ServerResponse,
  passage: Passage,
  options: DoorSettings,
): Caller | null {
  const authInfo = letPass(request, response, passage, options);
  if (authInfo === null) return null;
  const { principal, message } = passage;
  return { principal, authInfo, body: message === null ? undefined : (JSON.parse(textOf(message.bytes)) as unknown) };
}

/** The same where the framework reads the body itself. */
export function letPass(
  request: IncomingMessage,
  response: ServerResponse,
  passage: Passage,
  { withToken }: DoorSettings,
): AuthInfo | null {
  if (bindAnswer(request, response, passage) === null) return null;
  const { principal } = passage;
  const authInfo = withToken ? toAuthInfo(principal, { token: tokenOf(request) }) : toAuthInfo(principal);
  // Where handlers of both lines of the MCP SDK look for it.
  (request as { auth?: AuthInfo }).auth = authInfo;
  return authInfo;
}

function tokenOf({ headers }: IncomingMessage): Secret {
  const { authorization, 'x-api-key': apiKey } = headers;
  return new Secret(authorization === undefined ? String(apiKey) : authorization.replace(/^\S+ +/, ''));
}
