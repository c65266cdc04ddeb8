import type { EndpointAnswer } from '../../core/endpoint.ts';
import type { OutgoingAnswer } from '../../core/outgoing.ts';
import type { BadParameters } from './parameters.ts';

const PRIVATE = ['content-type', 'application/json', 'cache-control', 'no-store', 'pragma', 'no-cache'] as const;

/** An error answer (RFC 6749 §5.2), in words of our own. */
export function fail(
  status: number,
  error: string,
  description: string,
  headers: readonly string[] = [],
): EndpointAnswer {
  const body = JSON.stringify({ error, error_description: description });
  return { status, headers: [...PRIVATE, ...headers], body };
}

export function failWith({ error, description }: BadParameters): EndpointAnswer {
  return fail(400, error, description);
}

const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403]);

/**
 * The issuer's answer, with none of its headers. A success must have the member that `grants` names; an error must be
 * one of RFC 6749 §5.2, whatever the status it came with (GitHub's is 200); anything else is no answer.
 */
export function passBack(
  { status, headers, body }: OutgoingAnswer,
  { grants, challenge }: { readonly grants: string; readonly challenge: readonly string[] },
): EndpointAnswer {
  if (status === 429) return fail(429, 'temporarily_unavailable', 'The issuer asks for patience.', toWait(headers));
  const value = toRecord(body);
  const error = value?.['error'];
  if (typeof error === 'string' && ERROR.test(error) && (status === 200 || REFUSALS.has(status))) {
    const refused = status === 401 || error === 'invalid_client' ? 401 : status === 403 ? 403 : 400;
    return { status: refused, headers: [...PRIVATE, ...(refused === 401 ? challenge : [])], body };
  }
  const granted = (status === 200 || status === 201) && error === undefined && typeof value?.[grants] === 'string';
  if (granted) return { status, headers: PRIVATE, body };
  return fail(503, 'temporarily_unavailable', 'The issuer gave no usable answer. Try again.');
}

const ERROR = /^[\u0020\u0021\u0023-\u005b\u005d-\u007e]{1,128}$/;

function toWait(headers: OutgoingAnswer['headers']): readonly string[] {
  const after = headers['retry-after'] ?? '';
  return /^\d{1,6}$/.test(after) ? ['retry-after', after] : [];
}

function toRecord(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
