import type { Forwardable } from '../../core/upstream.ts';

/** Writes the heads of the requests to one server. */
export interface RequestHeads {
  /**
   * latin1 text with its empty line; null when a value has a character that may not stand in a header. `ours` are whole
   * lines of this request's own.
   */
  toHead(request: Forwardable, ours?: string): string | null;
  toSessionEnd(sessionId: string, ours?: string): string;
}

// Beyond U+00FF a character would lose its upper bits on the way to the wire, and may come out as a line end.
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether a text may stand in a header (RFC 9110 §5.5). */
export function isHeaderValue(value: string): boolean {
  return SENDABLE.test(value);
}

/**
 * `own` are the operator's headers, [name, value, …] in lower case, and `reserved` the names of those that the gateway
 * sets on each request: of two headers of one name they are the only one. Throws a TypeError when one of them has a value
 * that is none.
 */
export function createRequestHeads(url: URL, own: readonly string[], reserved: readonly string[] = []): RequestHeads {
  const ownNames = new Set([...own.filter((_, at) => at % 2 === 0), ...reserved]);
  const opening = `${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n${toLines(own)}`;
  return {
    toHead({ httpMethod, headers, sessionId, message }, ours = '') {
      let head = `${httpMethod} ${opening}${ours}`;
      for (let i = 0; i < headers.length; i += 2) {
        const name = headers[i] as string;
        const value = headers[i + 1] as string;
        if (!isHeaderValue(value)) return null;
        if (!ownNames.has(name)) head += `${name}: ${value}\r\n`;
      }
      if (sessionId !== null) head += `mcp-session-id: ${sessionId}\r\n`;
      if (message !== null) head += `content-length: ${message.bytes.length}\r\n`;
      return `${head}\r\n`;
    },
    toSessionEnd: (sessionId, ours = '') => `DELETE ${opening}${ours}mcp-session-id: ${sessionId}\r\n\r\n`,
  };
}

function toLines(headers: readonly string[]): string {
  let lines = '';
  if (!headers.every(isHeaderValue)) throw new TypeError('a header value has a character that cannot be sent');
  for (let i = 0; i < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return lines;
}
