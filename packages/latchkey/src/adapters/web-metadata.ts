import type { Latchkey } from '../lock/latchkey.ts';
import { toMetadataAnswer } from './metadata-answer.ts';
import { toResponse } from './web-answer.ts';

/** What anybody may read of the resource, where a request is for that; else null. Any web page may read it. */
export function toMetadataResponse(metadata: Latchkey['metadata'], request: Request): Response | null {
  if (new URL(request.url).pathname !== metadata.path) return null;
  const { status, headers, body } = toMetadataAnswer(metadata, request.method);
  return toResponse(body === '' ? null : body, status, headers);
}
