import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify, stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readChapters, toPattern } from './page.ts';
import { playChapter, writeChapter } from './play.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const TSC = join(root, 'node_modules/.bin/tsc');
const VITEST = join(root, 'node_modules/.bin/vitest');
const CONFIG = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    target: 'es2024',
    lib: ['es2024'],
    module: 'nodenext',
    types: ['node'],
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
  },
  include: ['**/*.ts'],
};

/** As the page says. */
function toVitest(test: string): string {
  return test.replace("import { after, test } from 'node:test'", "import { afterAll as after, test } from 'vitest'");
}

const page = readFileSync(new URL('../../docs/guide.md', import.meta.url), 'utf8');
const chapters = readChapters(page);
// Inside of the checkout, so that `latchkey` is the built package and frameworks are those that are installed.
const folder = mkdtempSync(fileURLToPath(new URL('.run-', import.meta.url)));
const places = new Map<string, { folder: string; port: number }>();

beforeAll(async () => {
  for (const chapter of chapters) places.set(chapter.slug, await writeChapter(folder, chapter));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('docs/guide.md', () => {
  it('has a chapter for everything that the guide builds by hand', () => {
    expect(chapters.length).toBeGreaterThanOrEqual(15);
    expect(new Set(chapters.map(({ slug }) => slug)).size).toBe(chapters.length);
  });

  it('is code that a strict compiler takes, against the built package', () => {
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG));
    const { stdout, status } = spawnSync(TSC, ['-p', folder], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  }, 60_000);

  it.concurrent.each(chapters)(
    '$title',
    async (chapter) => {
      const { printed, answers } = await playChapter(chapter, places.get(chapter.slug)!);
      expect(printed).toMatch(toPattern(chapter.printed));
      for (const [index, { line, printed: shown }] of chapter.commands.entries())
        expect({ line, printed: answers[index] }).toEqual({ line, printed: expect.stringMatching(toPattern(shown)) });
    },
    180_000,
  );

  it('has a test chapter that runs under vitest, too', async () => {
    const chapter = chapters.find(({ files }) => [...files.keys()].some((file) => file.endsWith('.test.ts')));
    const place = places.get(chapter?.slug ?? '')!;
    for (const [file, text] of chapter?.files ?? [])
      if (file.endsWith('.test.ts')) writeFileSync(join(place.folder, file), toVitest(text));
    const { stdout } = await run(process.execPath, [VITEST, 'run', '--root', place.folder], { cwd: place.folder });
    expect(stripVTControlCharacters(stdout)).toMatch(/Tests +5 passed/);
  }, 60_000);
});
