import { describe, expect, it } from 'vitest';
import { findChangedSettings } from './changed-settings.ts';
import type { Config } from './config.ts';
import { requireConfig } from './load-config.ts';

const configOf = (text: string): Config =>
  requireConfig({ text, env: { HOME: '/nowhere' }, directory: '/nowhere' }).config;
const ISSUERS = 'auth: { issuers: { a: { issuer: https://a.example } } }';
const servers = (url: string) => `servers: { a: { upstream: { url: "${url}" } } }\n`;
const changed = (before: string, next: string) => findChangedSettings(configOf(before), configOf(next));

describe('findChangedSettings', () => {
  it('names what only a restart puts in force, by its key', () => {
    const before = `upstream: { url: https://x.example/mcp }\n${ISSUERS}\n`;
    expect(changed(before, `${before}tools: { a: {} }\n`)).toEqual([]);
    const next = 'upstream: { url: https://y.example/mcp }\nlimits: { streams: 3 }\npin: block\n';
    expect(changed(before, next)).toEqual(['limits', 'auth.issuers', 'upstream', 'pin']);
  });

  it('names the server where there are several', () => {
    expect(changed(servers('https://x.example'), servers('https://y.example'))).toEqual(['servers.a.upstream']);
  });
});
