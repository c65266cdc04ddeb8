import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, LatchkeyError } from './error.ts';

const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
const sections = page.split(/^## /m).slice(1);

describe('ERROR_CODES', () => {
  it('are unique and in order', () => {
    expect([...ERROR_CODES]).toEqual([...new Set(ERROR_CODES)].sort());
  });

  it('are the headings of docs/errors.md, all of them and no others', () => {
    expect(sections.map((section) => section.split('\n', 1)[0])).toEqual([...ERROR_CODES]);
  });

  it.each(sections.map((section) => [section.split('\n', 1)[0], section.slice(section.indexOf('\n')).trim()]))(
    '%s has a cause and a cure there',
    (_code, text) => {
      expect(text?.length).toBeGreaterThan(40);
    },
  );
});

describe('LatchkeyError', () => {
  it('carries code, hint and cause', () => {
    const cause = new Error('EADDRINUSE');
    const error = new LatchkeyError('E_ADDRESS_IN_USE', 'the port is in use', { hint: 'take another', cause });
    expect(error).toMatchObject({ name: 'LatchkeyError', code: 'E_ADDRESS_IN_USE', hint: 'take another', cause });
    expect(error).toBeInstanceOf(Error);
  });

  it('has no member cause where there is none', () => {
    expect(inspect(new LatchkeyError('E_USAGE', 'no', { hint: 'yes' }))).not.toContain('cause');
  });
});
