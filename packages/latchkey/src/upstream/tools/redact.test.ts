import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from './redact.ts';

const SECRET = 'pa55 "wörd"/+&=\\x🔑';

/** What programs make of a text when they write it into something else. */
const FORMS: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'URL-encoded': encodeURIComponent,
  'URL-encoded in small letters': (text) => encodeURIComponent(text).replaceAll(/%../g, (code) => code.toLowerCase()),
  'every byte URL-encoded': (text) => Buffer.from(text).toString('hex').replaceAll(/../g, '%$&'),
  'in a form': (text) => new URLSearchParams({ '': text }).toString().slice(1),
  JSON: (text) => JSON.stringify(text).slice(1, -1),
  'JSON in JSON': (text) => JSON.stringify(JSON.stringify(text)).slice(3, -3),
  'ASCII JSON': (text) => toAscii(JSON.stringify(text).slice(1, -1)),
  'JSON with slashes escaped': (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'hex in capitals': (text) => Buffer.from(text).toString('hex').toUpperCase(),
};

function toAscii(text: string): string {
  return text.replaceAll(/[^\0-\u007f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

describe('createRedactor', () => {
  it.each(Object.keys(FORMS))('hides a text %s', (name) => {
    const form = FORMS[name]?.(SECRET) ?? '';
    expect(createRedactor([SECRET]).redact(`<${form}>${form}`)).toBe('<[redacted]>[redacted]');
  });

  it.each([0, 1, 2, 3, 4, 5])('hides a text in base64 with %i bytes before it', (before) => {
    for (const after of ['', 'x', 'xy', 'xyz'])
      for (const alphabet of ['base64', 'base64url'] as const)
        for (const wrap of [1000, 20]) {
          const all = Buffer.from(`${'u'.repeat(before)}${SECRET}${after}`).toString(alphabet);
          const wrapped = all.replaceAll(new RegExp(`.{${wrap}}`, 'g'), '$&\n');
          const shown = createRedactor([SECRET]).redact(wrapped);
          expect(shown).toContain('[redacted]');
          // What is left is shared with the neighbours.
          expect(shown.replace('[redacted]', '').replaceAll(/[\n=]/g, '').length).toBeLessThan(
            before * 2 + after.length * 2 + 5,
          );
        }
  });

  it('hides every text, whatever the form, wherever it stands', () => {
    const hidden = fc.array(
      fc
        .string({ unit: 'grapheme', minLength: 8, maxLength: 40 })
        .map((text) => `k3${text.replaceAll(/\s|\p{Cc}/gu, '_')}!`),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(hidden, fc.string(), fc.string(), (texts, before, after) => {
        const { redact } = createRedactor(texts);
        for (const text of texts)
          for (const toForm of Object.values(FORMS))
            expect(redact(`${before}${toForm(text)}${after}`)).not.toContain(toForm(text));
      }),
      { numRuns: 200 },
    );
  });

  it('hides the longer of texts that begin alike, and both of those that overlap', () => {
    expect(createRedactor(['secret', 'secret-longer']).redact('secret-longer secret')).toBe('[redacted] [redacted]');
    expect(createRedactor(['abcdefgh', 'efghijkl']).redact('-abcdefghijkl-')).toBe('-[redacted]-');
  });

  it('hides the lines of a text of several, and long ones', () => {
    const lines = [
      '-----BEGIN KEY-----',
      'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC',
      'BKcwggSjAgEAAoIBAQC7',
      '-----END KEY-----',
    ];
    const { redact } = createRedactor([`${lines.join('\r\n')}\n`]);
    expect(redact(lines.map((line) => `  ${line}`).join('\n'))).not.toMatch(/MII|BKcw/);
    expect(redact(Buffer.from(lines.join('\n')).toString('base64'))).not.toContain(
      Buffer.from('wggSjAgEAAoI').toString('base64'),
    );
    const long = Array.from({ length: 47 }, (_, i) => hash('sha256', String(i))).join('');
    for (const text of [long, `${long.slice(1)}🔑`.repeat(2), '🔑é'.repeat(600)])
      expect(createRedactor([text]).redact(`<${text}>`)).toMatch(/^<(?:\[redacted\])+>$/);
  });

  it('hides what begins before the end of what is shown', () => {
    const { redact, lookahead } = createRedactor([SECRET]);
    const text = `${'x'.repeat(10)}${SECRET}${'y'.repeat(10)}`;
    for (let end = 0; end <= text.length; end += 1)
      expect(redact(text, end)).toBe(
        end <= 10 ? 'x'.repeat(end) : `${'x'.repeat(10)}[redacted]${'y'.repeat(Math.max(0, end - 10 - SECRET.length))}`,
      );
    expect(lookahead).toBeGreaterThan(SECRET.length * 9);
  });

  it('hides a text whose control characters are gone from what is shown', () => {
    const { redact } = createRedactor(['ab\u0007cd\u001befgh']);
    expect(redact(`<abcdefgh> ${encodeURIComponent('ab\u0007cd\u001befgh')}`)).toBe('<[redacted]> [redacted]');
  });

  it('hides a text that repeats itself to its end', () => {
    expect(createRedactor(['abab'.repeat(3)]).redact(`-${'ab'.repeat(9)}-`)).toBe('-[redacted]-');
  });

  it('leaves alone what is too short to be a secret, and texts without any', () => {
    const text = 'exit 1, true';
    expect(createRedactor(['1', '', 'e', '\n', '\u0001\u0002\u0003\u0004']).redact(text)).toBe(text);
    expect(createRedactor([]).redact(text, 4)).toBe('exit');
    expect(createRedactor([]).lookahead).toBe(0);
  });

  it('takes time in proportion, whatever is in the text', () => {
    const { redact } = createRedactor([
      '\\\\\\\\\\\\\\\\"x',
      'aaaaaaaaaaaaaaaaaaaaaaaa!',
      '%25%25%25%25%25%25%25%25x',
      '////////+',
    ]);
    const started = performance.now();
    for (const text of ['\\', 'a', '%25', '%', '/', '\\u005c', 'Ly8v']) redact(text.repeat(20_000));
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
