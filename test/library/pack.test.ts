import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProject, PACKAGE, type Project } from './packed.ts';
import { readChapters, toPattern } from './page.ts';
import { playChapter, writeChapter } from './play.ts';

const PAGES = {
  'README.md': join(PACKAGE, '../../README.md'),
  'the README of the package': join(PACKAGE, 'README.md'),
};
const examples = Object.entries(PAGES).flatMap(([page, file]) =>
  readChapters(readFileSync(file, 'utf8')).map((chapter) => ({ page, chapter, title: chapter.title })),
);

// Nothing of the repository can be found from there.
let project: Project;
beforeAll(() => void (project = createProject(['express@^5'])), 120_000);
afterAll(() => project.remove());

describe('npm pack', () => {
  it('has examples to run from both pages', () => {
    expect(new Set(examples.map(({ page }) => page))).toEqual(new Set(Object.keys(PAGES)));
  });

  it.each(examples)('installs in an empty project and runs $title of $page', async ({ page, chapter }) => {
    const slug = `${page.replaceAll(/\W+/g, '-')}-${chapter.slug}`;
    const place = await writeChapter(project.folder, { ...chapter, slug });
    const { printed, answers } = await playChapter(chapter, place);
    expect(printed).toMatch(toPattern(chapter.printed));
    expect(chapter.commands.length + chapter.printed.length).toBeGreaterThan(0);
    for (const [index, { line, printed: shown }] of chapter.commands.entries())
      expect({ line, printed: answers[index] }).toEqual({ line, printed: expect.stringMatching(toPattern(shown)) });
  });
});
