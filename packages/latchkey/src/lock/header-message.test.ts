import { describe, expect, it } from 'vitest';
import { readHeaderMessage } from './header-message.ts';
import { readHeaders } from './request-headers.ts';

const read = (headers: Readonly<Record<string, string>>): unknown =>
  readHeaderMessage(readHeaders(Object.entries({ 'mcp-protocol-version': '2026-07-28', ...headers }).flat()));
const call = { 'mcp-method': 'tools/call', 'mcp-name': 'echo' };

describe('readHeaderMessage', () => {
  it('makes a message of what the headers say, and of nothing else', () => {
    expect(read(call)).toMatchObject({ kind: 'request', method: 'tools/call', name: 'echo', uri: null, args: null });
    expect(read({ 'mcp-method': 'resources/read', 'mcp-name': '=?base64?ZmlsZTovLy9h?=' })).toMatchObject({
      name: null,
      uri: 'file:///a',
    });
    expect(read({ 'mcp-method': 'tools/list', 'mcp-name': 'ignored' })).toMatchObject({ name: null });
    expect(read({ 'mcp-method': 'notifications/cancelled' })).toMatchObject({ kind: 'notification' });
  });

  it('lets no condition judge arguments that nobody saw', () => {
    expect(read(call)).toMatchObject({ argsAmbiguous: true });
  });

  it.each([
    [{ 'mcp-protocol-version': '2025-11-25' }, 'version-unsupported', '2025-11-25'],
    [{ 'mcp-protocol-version': 'a\u0001stranger' }, 'version-unsupported', ''],
    [{ 'mcp-protocol-version': '2026-07-28, 2026-07-28' }, 'version-unsupported', ''],
  ])('refuses %o', (headers, reason, requested) => {
    expect(read({ ...call, ...headers })).toEqual({ reason, supported: ['2026-07-28'], requested });
  });

  it('refuses who says no revision', () => {
    expect(readHeaderMessage(readHeaders(Object.entries(call).flat()))).toMatchObject({
      reason: 'version-unsupported',
    });
  });

  it.each([
    [{ 'mcp-name': 'echo' }, 'header-mismatch'],
    [{ 'mcp-method': 'tools/call' }, 'header-mismatch'],
    [{ ...call, 'mcp-name': 'caf\u00e9' }, 'header-mismatch'],
    [{ ...call, 'mcp-method': 'tools/call, tools/list' }, 'header-repeated'],
    [{ ...call, 'mcp-method': '' }, 'header-repeated'],
    [{ ...call, 'mcp-name': 'file:///secret,x' }, 'header-repeated'],
    [{ 'mcp-method': 'subscriptions/listen' }, 'policy-no-rule'],
    [{ 'mcp-method': 'completion/complete' }, 'policy-no-rule'],
  ])('refuses %o as well', (headers, reason) => {
    expect(read(headers)).toMatchObject({ reason });
  });
});
