import { describe, expect, it } from 'vitest';
import { decodeHeaderValue, encodeHeaderValue } from './mcp-header.ts';

describe('decodeHeaderValue', () => {
  it.each([
    ['us-west1', 'us-west1'],
    ['=?base64?SGVsbG8sIOS4lueVjA==?=', 'Hello, 世界'],
    ['=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=', '=?base64?literal?='],
    ['=?base64??=', ''],
    ['=?base64?unended', '=?base64?unended'],
    ['a b', 'a b'],
    ['a\tb', 'a\tb'],
    ['a', 'a'],
    ['', ''],
    ['really?=', 'really?='],
  ])('reads %s', (value, text) => {
    expect(decodeHeaderValue(value)).toBe(text);
  });

  it.each([
    'caf\u00e9',
    'a\u0000b',
    ' padded',
    '=?base64?ZWNobw?=',
    '=?base64?ZWNobw=?=',
    '=?base64?ZW*obw==?=',
    '=?base64?ZWNobx==?=',
    '=?base64?/w==?=',
    '=?base64?ZWNo bw==?=',
    '=?base64?SGk=?=x?=',
    '=?base64?!=?base64?SGk=?=',
  ])('refuses %j', (value) => {
    expect(decodeHeaderValue(value)).toBeNull();
  });
});

describe('encodeHeaderValue', () => {
  it.each(['us-west1', 'a b', '', ' padded', 'Hello, 世界', 'line\nbreak', '=?base64?SGk=?=', '=?base64?'])(
    'writes %j so that it is read as that',
    (text) => {
      const value = encodeHeaderValue(text);
      expect(value).toMatch(/^[\x20-\x7e]*$/);
      expect(decodeHeaderValue(value)).toBe(text);
    },
  );
});
