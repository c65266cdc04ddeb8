import { describe, expect, it } from 'vitest';
import { explainRefusal } from './passed-headers.ts';

const explain = (status: number, headers: readonly string[] = []): string =>
  explainRefusal({ status, headers, framing: 'none', length: 0, keepAliveMs: 0 }, false);

describe('explainRefusal', () => {
  it.each([
    ['/mcp/?token=secret', '/mcp/'],
    ['https://user:secret@mcp.example.com/mcp/?key=secret#x', 'https://mcp.example.com/mcp/'],
    ['//mcp.example.com/mcp', 'http://mcp.example.com/mcp'],
  ])('says where a redirect goes, without what may be secret: %s', (location, place) => {
    expect(explain(307, ['location', location])).toContain(`redirects to ${place};`);
    expect(explain(307, ['location', location])).not.toContain('secret');
  });

  it.each(['javascript:alert(1)', 'file:///etc/passwd', 'http://[', null])(
    'names no place that is none: %s',
    (place) => {
      expect(explain(302, place === null ? [] : ['location', place])).toBe('the server redirects');
    },
  );

  it('says what kind of answer it was', () => {
    expect(explain(200, ['content-type', 'text/html; charset=utf-8'])).toContain('content type text/html');
    expect(explain(200, ['content-type', 'application/json', 'content-encoding', 'gzip'])).toContain('coding gzip');
    expect(explain(503)).toContain('status 503');
    expect(explain(401)).toContain('upstream.headers');
    expect(explain(200, ['content-type', `\u0085${'x'.repeat(5000)}`]).length).toBeLessThan(300);
  });
});
