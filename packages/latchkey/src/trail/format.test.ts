import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrailEntry } from '../core/trail.ts';
import { writeEntry } from './format.ts';

const ENTRY: TrailEntry = {
  at: Date.parse('2026-06-01T12:00:00.007Z'),
  requestId: 'r1',
  address: '127.0.0.1',
  server: 'files',
  principal: 'token:abc',
  credential: 'abc',
  client: null,
  httpMethod: 'POST',
  method: 'tools/call',
  target: 'read_file',
  decision: 'allow',
  reason: 'allowed',
  status: 200,
  durationMs: 1.23456,
};

const bytes = Buffer.alloc(64 * 1024);

function write(entry: TrailEntry): string {
  return bytes.toString('utf8', 7, writeEntry(entry, bytes, 7) as number);
}

const parse = (entry: TrailEntry) => JSON.parse(write(entry)) as Record<string, unknown>;

describe('writeEntry', () => {
  it('writes each member by its name, and the time as RFC 3339', () => {
    const { at: _, ...rest } = ENTRY;
    expect(parse(ENTRY)).toEqual({ ...rest, time: '2026-06-01T12:00:00.007Z', durationMs: 1.235 });
    expect(parse({ ...ENTRY, phase: 'begun' })).toMatchObject({ phase: 'begun' });
    expect(parse({ ...ENTRY, exposed: true, neededScopes: ['a', 'b"'] })).toMatchObject({
      exposed: true,
      neededScopes: ['a', 'b"'],
    });
  });

  it('writes what an entry says, whatever the one before of the same principal said', () => {
    const others: readonly Partial<TrailEntry>[] = [
      { address: '192.0.2.1' },
      { server: 'db' },
      { credential: null },
      { client: 'app' },
      { httpMethod: 'GET' },
      { method: null },
      { target: 'x"' },
      { decision: 'deny' },
      { reason: 'policy-scope' },
      { status: 403 },
    ];
    for (const other of others) {
      const { at: _, ...said } = { ...ENTRY, ...other, durationMs: 2 };
      const { at: __, ...saidBefore } = { ...ENTRY, durationMs: 2 };
      expect(parse({ ...ENTRY, ...saidBefore })).toMatchObject(saidBefore);
      expect(parse({ ...ENTRY, ...said })).toMatchObject(said);
    }
  });

  it('tells 10,001 principals apart', () => {
    const principals = Array.from({ length: 10_001 }, (_, at) => `token:${at}`);
    for (const principal of principals) expect(parse({ ...ENTRY, principal })['principal']).toBe(principal);
    expect(parse({ ...ENTRY, principal: 'token:0' })['principal']).toBe('token:0');
  });

  it('writes any time as Date does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (at) => {
        expect(parse({ ...ENTRY, at })['time']).toBe(new Date(at).toISOString());
      }),
    );
  });

  it('gives back any text it was given, in one line without controls', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const line = write({ ...ENTRY, requestId: text, target: text, principal: text, detail: `${text}!` });
        // oxlint-disable-next-line no-control-regex
        expect(line).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*\n$/);
        const said = text.toWellFormed();
        expect(JSON.parse(line)).toMatchObject({ requestId: said, target: said, principal: said, detail: `${said}!` });
      }),
      { numRuns: 1000 },
    );
  });

  it('replaces lone surrogates and cannot be broken out of', () => {
    expect(parse({ ...ENTRY, target: 'a\ud800b' })['target']).toBe('a\ufffdb');
    const forged = 'x","decision":"allow","y":"';
    expect(parse({ ...ENTRY, decision: 'deny', target: forged })).toMatchObject({ decision: 'deny', target: forged });
  });

  it('bounds each text', () => {
    const { target } = parse({ ...ENTRY, target: 'x'.repeat(100_000) });
    expect(target).toBe(`${'x'.repeat(511)}…`);
    expect(parse({ ...ENTRY, target: `${'x'.repeat(510)}🔑🔑` })['target']).toBe(`${'x'.repeat(510)}\ufffd…`);
  });

  it('writes a whole line or nothing, however long its texts get by being escaped', () => {
    const text = '\u0085'.repeat(600);
    const longest: TrailEntry = {
      ...ENTRY,
      requestId: text,
      address: text,
      server: text,
      principal: text,
      credential: text,
      client: text,
      httpMethod: text,
      method: text,
      target: text,
      detail: '🔑'.repeat(200),
      neededScopes: [text, 'é'.repeat(500)],
      exposed: true,
    };
    const whole = write(longest);
    const lines = Array.from({ length: 80 }, (_, step) => {
      const target = Buffer.alloc(whole.length - 2000 + step * 300);
      const end = writeEntry(longest, target, 0);
      return target.toString('latin1', 0, end ?? 0);
    });
    expect(new Set(lines)).toEqual(new Set(['', Buffer.from(whole).toString('latin1')]));
    expect(writeEntry(ENTRY, Buffer.alloc(1000), 0)).toBeNull();
  });
});
