import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const PACKAGE = '../../packages/latchkey/';

/** Names of the doors of the package, without `latchkey/`; `latchkey` itself is one. */
function doorsOf(): readonly string[] {
  const { exports } = JSON.parse(readFileSync(at(`${PACKAGE}package.json`), 'utf8')) as {
    exports: Readonly<Record<string, string | { readonly types: string }>>;
  };
  return Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [] : [target.types.replace(/^\.\/dist\/(.*)\.d\.ts$/, '$1')],
  );
}

/**
 * docs/api: a page for each door, from the types that users see. Fails where an export has no docstring, or where a type
 * that an export needs cannot be imported.
 */
export function apiPages(): ReadonlyMap<string, string> {
  // In the repository, so that packages are found from there.
  const folder = mkdtempSync(at('../api/.run-'));
  try {
    const entries = doorsOf().map((door) => at(`${PACKAGE}src/${door}.ts`));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../tsconfig.json', files: entries }));
    const options = ['--options', at('../api/typedoc.json'), '--tsconfig', join(folder, 'tsconfig.json')];
    const args = [at('../api/node_modules/typedoc/bin/typedoc'), ...options, '--out', join(folder, 'out'), ...entries];
    // Its plugins are looked for from here.
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: at('../api'), encoding: 'utf8' });
    if (status !== 0) throw new Error(`typedoc:\n${stdout}${stderr}`);
    const pages = readdirSync(join(folder, 'out')).filter((page) => page.endsWith('.md'));
    return new Map(pages.map((page) => [page, titled(page, readFileSync(join(folder, 'out', page), 'utf8'))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** With what users import as the title. */
function titled(page: string, text: string): string {
  if (page === 'README.md') return text;
  const door = page.replace(/\.md$/, '');
  return text.replace(/^# .*/, `# \`${door === 'latchkey' ? door : `latchkey/${door}`}\``);
}
