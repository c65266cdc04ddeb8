import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLatchkey, startLatchkey } from '../fixtures/latchkey.ts';
import { trailLines, trailRecords } from '../fixtures/trail-files.ts';
import { send, startSite, type Site } from './harness.ts';

interface Check {
  readonly ok: boolean;
  readonly records: number;
  readonly bad: { readonly what: string; readonly file: string; readonly line: number } | null;
  readonly cut: readonly { readonly line: number }[];
}

let folder: string;
let store: string;
let site: Site;
/** Lines of the trail as it was left, and the numbers (from 1) of its records and seals. */
let lines: readonly string[];
let seals: readonly number[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-seals-'));
  store = join(folder, 'store');
  site = await startSite({ store });
  // Batches of one and batches of many, of this process and of others.
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(Array.from({ length: 12 }, () => send(site)));
    await site.gateway.createToken(`between-${round}`);
  }
  await site.gateway.close();
  lines = trailLines(store);
  seals = lines.flatMap((line, index) => (line.startsWith('{"seal":') ? [index + 1] : []));
}, 180_000);
afterAll(async () => {
  await site.spy.close();
  rmSync(folder, { recursive: true });
});

async function verify(at: string): Promise<Check & { readonly code: number | null }> {
  const { code, stdout } = await runLatchkey(['trail', 'verify', '--store', at, '--json']);
  return { ...(JSON.parse(stdout) as Check), code };
}

/** A copy of the store whose one trail file has these lines. */
function copyWith(name: string, changed: readonly string[]): string {
  const copy = join(folder, name);
  cpSync(store, copy, { recursive: true });
  writeFileSync(fileOf(copy), changed.map((line) => `${line}\n`).join(''));
  return copy;
}

function fileOf(at: string): string {
  const [name = '', ...others] = readdirSync(join(at, 'trail'));
  expect(others).toEqual([]);
  return join(at, 'trail', name);
}

const without = (...numbers: readonly number[]): readonly string[] =>
  lines.filter((_, index) => !numbers.includes(index + 1));
const range = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** A batch of several records, as line numbers: its first record and its seal. */
function bigBatch(): { readonly first: number; readonly seal: number } {
  const seal = seals.find((line, index) => line - (seals[index - 1] ?? 0) > 4) ?? 0;
  return { first: (seals[seals.indexOf(seal) - 1] ?? 0) + 1, seal };
}

test('LOG-06 Tamper evidence: a trail that nobody touched is proved, whoever wrote its parts', async () => {
  const found = await verify(store);
  expect(found).toMatchObject({ code: 0, ok: true, bad: null, cut: [], records: lines.length - seals.length });
  expect(found.records).toBeGreaterThan(40);
  const { code, stdout } = await runLatchkey(['trail', 'verify', '--store', store]);
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/^ok: \d+ records in 1 file; the last seal is \d+ [\w-]{43}\n$/),
  ]);
  // Readers see records only.
  const read = await runLatchkey(['trail', '--json', '--limit', '1000', '--store', store]);
  expect(read.stdout.trimEnd().split('\n')).toEqual(lines.filter((line) => !line.startsWith('{"seal":')));
});

test('LOG-06 Tamper evidence: the first record that is not as it was written is named', async () => {
  const { first, seal } = bigBatch();
  expect(seal - first).toBeGreaterThan(3);
  const line = (number: number): string => lines[number - 1] ?? '';
  const swap = (one: number, other: number): readonly string[] =>
    lines.map((text, index) => (index + 1 === one ? line(other) : index + 1 === other ? line(one) : text));
  const edit = (number: number, from: RegExp, to: string): readonly string[] =>
    lines.map((text, index) => (index + 1 === number ? text.replace(from, to) : text));
  const batch = (last: number): readonly string[] => lines.slice(seals[seals.indexOf(last) - 1] ?? 0, last);
  const [one = 0, two = 0, three = 0] = seals.slice(2);
  const cases: Readonly<Record<string, readonly [readonly string[], string, number]>> = {
    'a record is edited': [edit(first + 1, /"decision":"allow"/, '"decision":"deny"'), 'changed', first + 1],
    'the last record is edited': [edit(lines.length - 1, /"time":"2/, '"time":"3'), 'changed', lines.length - 1],
    'a record is deleted': [without(first + 2), 'changed', first + 2],
    'the last record of a batch is deleted': [without(seal - 1), 'changed', seal - 1],
    'two records are swapped': [swap(first + 1, first + 3), 'changed', first + 1],
    'a record is put there twice': [lines.toSpliced(first, 0, line(first)), 'changed', first + 1],
    'a seal is edited': [
      edit(seal, /"mac":"./, `"mac":"${line(seal).includes('"mac":"_') ? '-' : '_'}`),
      'changed',
      seal,
    ],
    'a seal is deleted': [without(seal), 'missing', first],
    'a batch is deleted with its seal': [without(...range(first, seal)), 'missing', first],
    'a batch is there twice': [lines.toSpliced(two, 0, ...batch(two)), 'missing', two + 1],
    'two batches are swapped': [
      [...lines.slice(0, one), ...batch(three), ...batch(two), ...lines.slice(three)],
      'missing',
      one + 1,
    ],
    'the first batch is deleted': [lines.slice(seals[0]), 'missing', 1],
    'the last batch is deleted': [lines.slice(0, seals.at(-2)), 'end-missing', (seals.at(-2) ?? 0) + 1],
    'the last seal is deleted': [lines.slice(0, -1), 'unsealed', (seals.at(-2) ?? 0) + 1],
    'everything is deleted': [[], 'end-missing', 1],
    'a record is added at the end': [[...lines, line(first)], 'unsealed', lines.length + 1],
  };
  for (const [name, [changed, what, at]] of Object.entries(cases)) {
    const found = await verify(copyWith(name.replaceAll(' ', '-'), changed));
    expect({ name, ...found }).toMatchObject({ name, code: 1, ok: false, bad: { what, line: at } });
  }
  const { code, stdout, stderr } = await runLatchkey([
    'trail',
    'verify',
    '--store',
    join(folder, 'a-record-is-edited'),
  ]);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(new RegExp(`E_TRAIL_BROKEN \\d{4}-\\d\\d-\\d\\d\\.000001\\.jsonl:${first + 1} `));
});

test('LOG-06 Tamper evidence: a file, or what knows where the trail ends, cannot go unseen', async () => {
  const removed = copyWith('removed', lines);
  rmSync(fileOf(removed));
  expect(await verify(removed)).toMatchObject({ code: 1, bad: { what: 'end-missing' } });
  const headless = copyWith('headless', lines.slice(0, seals[3]));
  for (const end of ['', '-wal', '-shm']) rmSync(join(headless, `seals.db${end}`), { force: true });
  expect(await verify(headless)).toMatchObject({ code: 1, bad: { what: 'end-missing' } });
  // Seals of another store are made with another key.
  const other = join(folder, 'other');
  await runLatchkey(['token', 'create', 'x', '--store', other]);
  writeFileSync(fileOf(other), `${lines[0]}\n${lines[1]}\n`);
  expect(await verify(other)).toMatchObject({ code: 1, bad: { what: 'changed', line: 2 } });
});

test('LOG-06 Tamper evidence: what a crash cut short is told as such, also after the next start', async () => {
  const crashed = copyWith('crashed', lines);
  appendFileSync(fileOf(crashed), `${lines[0]}\n${lines[0]?.slice(0, 100)}`);
  const cut = [{ what: 'cut', first: lines.length + 1, line: lines.length + 2 }];
  const whole = await verify(copyWith('whole', lines));
  // Nobody can tell that line from one that was put there.
  expect(await verify(crashed)).toMatchObject({ code: 0, ok: true, bad: null, cut, records: whole.records });
  const gateway = await startLatchkey({ config: { upstream: { url: site.spy.url }, store: crashed } });
  await send({ ...site, gateway });
  await gateway.close();
  const found = await verify(crashed);
  expect(found).toMatchObject({ code: 0, ok: true, cut });
  expect(trailLines(crashed).length).toBeGreaterThan(lines.length + 3);
  const { stderr } = await runLatchkey(['trail', 'verify', '--store', crashed]);
  expect(stderr).toContain(`:${lines.length + 2}; lines ${lines.length + 1} to ${lines.length + 2} are not proved`);
  // A whole record without a seal is no crash, also when a later process found it and went on.
  const forged = copyWith('forged', [...lines, lines[0] ?? '']);
  await runLatchkey(['token', 'create', 'later', '--store', forged]);
  expect(await verify(forged)).toMatchObject({ code: 1, bad: { what: 'unsealed', line: lines.length + 1 } });
});

test('LOG-06 Tamper evidence: killed at any moment, and written by several at once, the chain holds', async () => {
  const busy = join(folder, 'busy');
  let told = 0;
  const lives = [0, 1];
  for (const life of lives) {
    const gateway = await startLatchkey({ config: { upstream: { url: site.spy.url }, store: busy } });
    const own = { ...site, gateway };
    const { token } = await gateway.createToken(`life-${life}`, '--scope', 'file:read');
    const traffic = async (): Promise<void> => {
      for (;;) await send(own, { token });
    };
    const ended = Promise.allSettled([traffic(), traffic()]);
    await Promise.all([gateway.createToken(`a-${life}`), gateway.createToken(`b-${life}`)]);
    expect(await verify(busy)).toMatchObject({ code: 0, ok: true });
    await gateway.kill('SIGKILL');
    await ended;
    const found = await verify(busy);
    expect(found).toMatchObject({ code: 0, ok: true, bad: null });
    expect(found.records).toBeGreaterThan(told);
    told = found.records;
  }
  const made = trailRecords(busy).filter(({ method }) => method === 'token create');
  expect(made.map(({ target }) => target).toSorted()).toEqual(
    ['default', ...lives.flatMap((life) => [`life-${life}`, `a-${life}`, `b-${life}`])].toSorted(),
  );
});

test('LOG-06 Tamper evidence: the key of the seals is nowhere but in the store’s own database', () => {
  const text = readFileSync(fileOf(store), 'latin1');
  expect(text).not.toMatch(/[0-9a-f]{64}/);
});
