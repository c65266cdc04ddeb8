import { joinBytes } from '../core/bytes.ts';
import {
  OUTGOING_MAX_BYTES,
  OUTGOING_TIMEOUT_MS,
  OutgoingError,
  requireSafe,
  type Outgoing,
  type OutgoingRequest,
} from '../core/outgoing.ts';

export interface FetchOutgoingOptions {
  /** Time for the whole exchange, milliseconds. Default: 5000. */
  readonly timeoutMs?: number;
  /** Most bytes of an answer, decompressed. Default: 512 KiB. */
  readonly maxBytes?: number;
}

/**
 * Requests to issuers by `fetch`, where there is no node:http: https, or http on this machine only; each bounded in time
 * and size, no redirect followed.
 */
export function createFetchOutgoing(options: FetchOutgoingOptions = {}): Outgoing {
  const { timeoutMs = OUTGOING_TIMEOUT_MS, maxBytes = OUTGOING_MAX_BYTES } = options;
  return async (request) => {
    const url = new URL(request.url);
    requireSafe(url);
    try {
      const response = await fetch(url, toInit(request, timeoutMs));
      // So a browser shows a redirect that it does not follow; elsewhere it has its status.
      if (response.type === 'opaqueredirect') throw new Error('it redirects, and redirects are not followed');
      const body = await readText(response, maxBytes);
      return { status: response.status, headers: Object.fromEntries(response.headers), body };
    } catch (error) {
      throw new OutgoingError(`${url.host}: ${toWhy(error as Error, timeoutMs)}`);
    }
  };
}

function toInit({ method, headers = [], body }: OutgoingRequest, timeoutMs: number): RequestInit {
  const named: Record<string, string> = { accept: 'application/json' };
  for (let i = 0; i < headers.length; i += 2) named[headers[i] as string] = headers[i + 1] as string;
  const signal = AbortSignal.timeout(timeoutMs);
  return { method, headers: named, redirect: 'manual', signal, ...(body === undefined ? {} : { body }) };
}

async function readText({ body }: Response, maxBytes: number): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length;
    if (size > maxBytes) {
      void reader.cancel();
      throw new Error(`its answer is larger than ${maxBytes} bytes`);
    }
    chunks.push(part.value);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(joinBytes(chunks));
  } catch {
    // Bytes that are no text would become the same text as others.
    throw new Error('its answer is not UTF-8');
  }
}

function toWhy({ name, message, cause }: Error, timeoutMs: number): string {
  if (name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  return (cause as { code?: string } | undefined)?.code ?? message;
}
