import type { CredentialChange } from './trail.ts';

const LEFT_BY_STRINGIFY = /[\u007f-\u009f\u2028\u2029]/g;

/**
 * A change of credentials as one line of the trail, line feed included: the members of a decision, null where there was no
 * request, and `change` with ids, rights and end. Holds nothing by which the credential could be told or guessed.
 */
export function toChangeLine({ at, actor, verb, subject, ended }: CredentialChange): string {
  const { id, family, kind, name, owner, scopes, servers, expiresAt } = subject;
  const entry = {
    time: new Date(at).toISOString(),
    requestId: null,
    address: null,
    server: null,
    principal: actor,
    credential: null,
    client: null,
    httpMethod: null,
    method: `${kind} ${verb}`,
    target: name,
    decision: 'allow',
    reason: 'allowed',
    status: null,
    durationMs: null,
    change: {
      id,
      family,
      owner,
      scopes,
      servers,
      expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      ended,
    },
  };
  return `${JSON.stringify(entry).replace(LEFT_BY_STRINGIFY, toEscape)}\n`;
}

function toEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
