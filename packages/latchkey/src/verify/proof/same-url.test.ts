import { describe, expect, it } from 'vitest';
import { isSameUrl } from './same-url.ts';

const URL_HERE = 'https://mcp.example/a/mcp';

describe('isSameUrl', () => {
  it.each([
    URL_HERE,
    `${URL_HERE}?x=1`,
    `${URL_HERE}#f`,
    `${URL_HERE}?x#f?y`,
    'HTTPS://MCP.Example/a/mcp',
    'https://mcp.example:443/a/mcp',
    'https://mcp.example:/a/mcp',
    'https://mcp.example/%61/%6Dcp',
    'https://mcp.example/x/../a/./mcp',
    'https://mcp.example/x/%2E%2e/a/mcp',
  ])('takes %s', (htu) => expect(isSameUrl(htu, URL_HERE)).toBe(true));

  it.each([
    '',
    'https://mcp.example/a/mcp/',
    'https://mcp.example/A/mcp',
    'https://mcp.example//a/mcp',
    'https://mcp.example/a%2Fmcp',
    'https://mcp.example/a/mcp%',
    'https://mcp.example/a/mcp%3Fx',
    'https://mcp.example/a/mcp;x',
    'https://mcp.example/a/mcp/..',
    'https://mcp.example/a/mcp/.',
    'https://mcp.example/a\\mcp',
    'https:\\\\mcp.example\\a\\mcp',
    'https:/mcp.example/a/mcp',
    'https:mcp.example/a/mcp',
    '//mcp.example/a/mcp',
    '/a/mcp',
    'http://mcp.example/a/mcp',
    'http://mcp.example:443/a/mcp',
    'https://mcp.example:80/a/mcp',
    'https://mcp.example:8443/a/mcp',
    'https://mcp.example./a/mcp',
    'https://user@mcp.example/a/mcp',
    'https://mcp.example@evil.example/a/mcp',
    'https://evil.example/a/mcp',
    'https://%6dcp.example/a/mcp',
    'https://mcp.example/a/mcp\n',
    '\thttps://mcp.example/a/mcp',
    ' https://mcp.example/a/mcp',
    'https://mcp.ex\u0430mple/a/mcp',
    'https://mcp.example/a/mcp\u0000',
    'ftp://mcp.example/a/mcp',
    'none',
  ])('refuses %j', (htu) => expect(isSameUrl(htu, URL_HERE)).toBe(false));

  it('knows the default port of http, the empty path and capitals of escapes', () => {
    expect(isSameUrl('http://h:80/', 'http://h/')).toBe(true);
    expect(isSameUrl('http://h', 'http://h/')).toBe(true);
    expect(isSameUrl('http://h:/', 'http://h/')).toBe(true);
    expect(isSameUrl('http://h/a/b/..', 'http://h/a/')).toBe(true);
    expect(isSameUrl('http://h:8080/', 'http://h80/')).toBe(false);
    expect(isSameUrl('https://h:4430/', 'https://h0/')).toBe(false);
    expect(isSameUrl('http://h/%e2', 'http://h/%E2')).toBe(true);
    expect(isSameUrl('http://[::1]:8787/mcp', 'http://[::1]:8787/mcp?')).toBe(true);
    expect(isSameUrl('http://h:8080/', 'http://h/')).toBe(false);
  });
});
