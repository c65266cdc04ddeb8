import { boundText, escapeControls } from './trail-text.ts';
import type { TrailChange } from './trail.ts';

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
  return `${escapeControls(JSON.stringify(entry, toBounded))}\n`;
}

function toBounded(_: string, value: unknown): unknown {
  return typeof value === 'string' ? boundText(value) : value;
}
