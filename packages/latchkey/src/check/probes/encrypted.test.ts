import { describe, expect, it } from 'vitest';
import type { Answer } from '../reply.ts';
import type { Site } from '../site.ts';
import { encrypted } from './encrypted.ts';

const DAY_MS = 86_400_000;

function run(url: string, days: number | null = null) {
  const validTo = new Date(Date.now() + (days ?? 0) * DAY_MS + DAY_MS / 2).toUTCString();
  const tls = days === null ? null : { protocol: 'TLSv1.3', validTo };
  const first: Answer = { kind: 'answer', status: 401, headers: [], body: '', cut: null, tls, durationMs: 1 };
  return encrypted.run({ url: new URL(url), first } as unknown as Site);
}

describe('encrypted', () => {
  it('fails plain HTTP to another machine, and mentions that on this one', () => {
    expect(run('http://10.0.0.1/mcp')).toMatchObject({ verdict: 'fail' });
    expect(run('http://127.0.0.1/mcp')).toMatchObject({ verdict: 'info' });
  });

  it('warns two weeks before the certificate ends', () => {
    expect(run('https://h/mcp', 14)).toMatchObject({
      verdict: 'pass',
      saw: 'TLSv1.3; the certificate lasts 14 more days',
    });
    expect(run('https://h/mcp', 13)).toMatchObject({ verdict: 'warn' });
    expect(run('https://h/mcp', 1)).toMatchObject({ saw: expect.stringContaining('1 more day') });
  });
});
