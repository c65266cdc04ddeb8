import { describe, expect, it } from 'vitest';
import { createAnonymous } from '../../core/principal.ts';
import type { Forwardable } from '../../core/upstream.ts';
import { createRequestHeads } from './request-head.ts';

const URL_OF_SERVER = new URL('http://[::1]:8080/mcp?a=b');

function toRequest(headers: readonly string[], sessionId: string | null = null): Forwardable {
  return {
    httpMethod: 'GET',
    era: 'legacy',
    principal: createAnonymous([]),
    message: null,
    sessionId,
    headers,
  };
}

describe('createRequestHeads', () => {
  it("writes the server's own place, the client's headers and the session", () => {
    const heads = createRequestHeads(URL_OF_SERVER, []);
    expect(heads.toHead(toRequest(['accept', 'text/event-stream'], 's1'))?.split('\r\n')).toEqual([
      'GET /mcp?a=b HTTP/1.1',
      'host: [::1]:8080',
      'connection: keep-alive',
      'accept: text/event-stream',
      'mcp-session-id: s1',
      '',
      '',
    ]);
  });

  it("leaves out a client's header where the operator has one of that name", () => {
    const head = createRequestHeads(URL_OF_SERVER, ['x-team', 'own']).toHead(
      toRequest(['x-team', 'theirs', 'x-b', 'c']),
    );
    expect(head).toContain('x-team: own\r\n');
    expect(head).toContain('x-b: c\r\n');
    expect(head).not.toContain('theirs');
  });

  // U+010D and U+010A lose their upper bits in latin1: the bytes would be CR and LF.
  it.each(['a\r\nx: y', 'a\nb', 'a\rb', 'a\0b', 'a\u010d\u010ab', '\u{1f600}'])('sends no header with %j', (value) => {
    expect(createRequestHeads(URL_OF_SERVER, []).toHead(toRequest(['x-a', value]))).toBeNull();
    expect(() => createRequestHeads(URL_OF_SERVER, ['x-a', value])).toThrow(TypeError);
  });
});
