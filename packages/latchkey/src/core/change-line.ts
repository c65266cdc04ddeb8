import type { TrailChange } from './trail.ts';

const LONGEST_TEXT = 512;
const LEFT_BY_STRINGIFY = /[\u007f-\u009f\u2028\u2029]/g;

/**
 * A change of what is allowed as one line of the trail, line feed included: the members of a decision, null where there
 * was no request, and `change` with the particulars. Texts longer than 512 characters end in `…`.
 */
export function toChangeLine({ at, actor, method, target, server, change }: TrailChange): string {
  const entry = {
    time: new Date(at).toISOString(),
    requestId: null,
    address: null,
    server,
    principal: actor,
    credential: null,
    client: null,
    httpMethod: null,
    method,
    target,
    decision: 'allow',
    reason: 'allowed',
    status: null,
    durationMs: null,
    change,
  };
  return `${JSON.stringify(entry, toBounded).replace(LEFT_BY_STRINGIFY, toEscape)}\n`;
}

function toBounded(_: string, value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= LONGEST_TEXT) return value;
  return `${value.slice(0, LONGEST_TEXT - 1)}…`.toWellFormed();
}

function toEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
