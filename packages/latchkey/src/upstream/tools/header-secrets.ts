import type { DeclaredTool } from '../../core/declared-tool.ts';

const CREDENTIAL_NAME = /auth|cookie|credential|key|pass|secret|session|token/i;
const SCHEME = /^(?:Basic|Bearer|Digest|DPoP|Token|ApiKey)\s+/i;
const MIN_LENGTH = 8;

/** Credentials that a file writes into headers: servers like to show what they were sent. */
export function toHeaderSecrets(action: DeclaredTool['action']): readonly string[] {
  if (action.kind !== 'http') return [];
  return action.headers
    .filter(([name]) => CREDENTIAL_NAME.test(name))
    .flatMap(([, template]) => template.filter((part) => typeof part === 'string'))
    .map((text) => text.trim().replace(SCHEME, ''))
    .filter((text) => text.length >= MIN_LENGTH);
}
