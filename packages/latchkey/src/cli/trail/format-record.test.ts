import { describe, expect, it } from 'vitest';
import { formatRecord, RECORD_HEAD } from './format-record.ts';

const SERVER_AT = RECORD_HEAD().indexOf('SERVER');

function lineOf(more: object): string {
  const method = { httpMethod: 'POST', method: 'tools/call', target: 'echo', server: 'here' };
  return formatRecord(JSON.stringify({ time: '2026-11-28T18:26:36.657Z', credential: 'default', ...method, ...more }));
}

describe('formatRecord', () => {
  it.each(['tools/call', 'subscriptions/listen', 'resources/templates/list', 'notifications/initialized'])(
    'keeps its columns below their titles for %s',
    (method) => expect(lineOf({ method }).indexOf('here')).toBe(SERVER_AT),
  );

  it('counts the columns of a terminal, not characters', () => {
    expect(lineOf({ credential: '漢字', target: 'e\u0301' }).indexOf('here')).toBe(SERVER_AT - 2 + 1);
  });

  it('shows what is wider than its column whole', () => {
    expect(lineOf({ target: 'x'.repeat(100) })).toContain(`${'x'.repeat(100)}  here`);
  });
});
