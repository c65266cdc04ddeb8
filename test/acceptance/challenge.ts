import { expect } from 'vitest';
import { headerValues, type RawAnswer } from '../fixtures/raw-http.ts';
import type { Site } from './harness.ts';

/**
 * The parameters of the one Bearer challenge of an answer (RFC 6750 §3). Asserts that there is one header with one
 * challenge, that it is one line of harmless characters, and that no parameter comes twice. A challenge for bound tokens
 * beside it (RFC 9449 §7.1) must say the same, and which algorithms.
 */
export function readChallenge(answer: RawAnswer): Readonly<Record<string, string>> {
  const values = headerValues(answer, 'www-authenticate');
  const [bearer, ...others] = values.map(parseChallenge);
  expect(bearer?.scheme).toBe('Bearer');
  expect(others.map(({ scheme }) => scheme)).toEqual(others.length === 0 ? [] : ['DPoP']);
  // The error is that of the scheme which the caller used.
  const { error: _error, ...common } = bearer?.parameters ?? {};
  for (const { parameters } of others)
    expect(parameters).toEqual({ ...common, algs: expect.stringMatching(/^[A-Za-z0-9 ]+$/) });
  return bearer?.parameters ?? {};
}

function parseChallenge(value: string): { scheme: string; parameters: Readonly<Record<string, string>> } {
  expect(value).toMatch(
    /^(?:Bearer|DPoP)(?: [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(?:, [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*")*)?$/,
  );
  const parameters = [...value.matchAll(/([a-z_]+)="([^"]*)"/g)].map(
    ([, name = '', text = '']) => [name, text] as const,
  );
  expect(new Set(parameters.map(([name]) => name)).size).toBe(parameters.length);
  return { scheme: value.split(' ', 1)[0] ?? '', parameters: Object.fromEntries(parameters) };
}

/** Where the site's gateway publishes what it protects. */
export function metadataUrl(site: Site): string {
  const { origin, pathname } = new URL(site.gateway.url);
  return `${origin}/.well-known/oauth-protected-resource${pathname}`;
}

/** A refusal tells its caller nothing of the program, of the upstream, of other principals or of any credential. */
export function expectDiscreet(site: Site, answer: RawAnswer): void {
  const text = `${answer.headers.map(([name, value]) => `${name}: ${value}`).join('\n')}\n${answer.body}`;
  for (const secret of [...Object.values(site.tokens), site.apiKey, site.gateway.token])
    expect(text).not.toContain(secret);
  for (const name of ['alice', 'bob', 'robot', 'audience-token']) expect(text).not.toContain(name);
  expect(text).not.toContain(new URL(site.spy.url).host);
  expect(text).not.toContain(site.gateway.store);
  expect(text).not.toMatch(/node_modules|\/packages\/|\.[jt]s:\d+|^\s+at /m);
  expect(text.toLowerCase()).not.toMatch(/undici|sqlite|zod|x-powered-by|^server:/m);
}
