import { describe, expect, it } from 'vitest';
import { checkContent } from './check-content.ts';
import { readHeaders } from './request-headers.ts';

const LIMIT = 10;
const reasonOf = (headers: Readonly<Record<string, string>>): string | undefined =>
  checkContent(readHeaders(Object.entries(headers).flat()), LIMIT)?.reason;
const json = (more: Readonly<Record<string, string>> = {}) => ({ 'content-type': 'application/json', ...more });

describe('checkContent', () => {
  it('takes a body of just the greatest size, one that says no size, and none that says more', () => {
    expect(reasonOf(json({ 'content-length': '10' }))).toBeUndefined();
    expect(reasonOf(json())).toBeUndefined();
    expect(reasonOf(json({ 'content-length': '11' }))).toBe('body-too-large');
  });

  it.each([
    [{}, 'content-type'],
    [{ 'content-type': 'text/plain' }, 'content-type'],
    [{ 'content-type': 'application/json; charset=latin1' }, 'content-type'],
    [json({ 'content-encoding': 'identity' }), 'content-encoding'],
    [json({ accept: 'text/html' }), 'not-acceptable'],
  ])('refuses %j before its size is looked at', (headers, reason) => {
    expect(reasonOf({ 'content-length': '11', ...headers })).toBe(reason);
  });
});
