import { describe, expect, it } from 'vitest';
import { isOrigin, isServerUrl, isWebUrl } from './web-url.ts';

describe('isWebUrl', () => {
  it('takes http and https, and nothing besides host, port and path', () => {
    for (const good of ['https://a.example', 'http://127.0.0.1:1/mcp']) expect(isWebUrl(good)).toBe(true);
    const wrong = [
      'ftp://a.example',
      'a.example',
      'https://u@a.example',
      'https://u:p@a.example',
      'https://a.example/?x',
    ];
    for (const bad of [
      ...wrong,
      'https://a.example/#x',
      'https://a.example\\x',
      'https://a.example/ x',
      'https://:p@a.example',
    ])
      expect(isWebUrl(bad)).toBe(false);
  });
});

describe('isServerUrl', () => {
  it('takes a query too, and an @ behind the host', () => {
    for (const good of ['https://a.example/?x', 'https://a.example/@x']) {
      expect(isServerUrl(good)).toBe(true);
      expect(isWebUrl(good)).toBe(false);
    }
    for (const bad of ['https://u@a.example', 'https://a.example/#x', 'file:///x'])
      expect(isServerUrl(bad)).toBe(false);
  });
});

describe('isOrigin', () => {
  it('takes an origin as browsers write it', () => {
    expect(isOrigin('https://a.example')).toBe(true);
    for (const bad of [
      'https://a.example/',
      'https://a.example:443',
      'https://*.example',
      'null',
      'a.example',
      'data:x',
    ])
      expect(isOrigin(bad)).toBe(false);
  });
});
