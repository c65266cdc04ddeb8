import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-api-'));
  try {
    const entries = doorsOf().map((door) => at(`${PACKAGE}src/${door}.ts`));
    const typedoc = at('../api/node_modules/typedoc/bin/typedoc');
    const args = [typedoc, '--options', at('../api/typedoc.json'), '--out', folder, ...entries];
    // Its plugins are looked for from here.
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: at('../api'), encoding: 'utf8' });
    if (status !== 0) throw new Error(`typedoc:\n${stdout}${stderr}`);
    return new Map(pagesIn(folder).map((page) => [page, titled(page, readFileSync(join(folder, page), 'utf8'))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function pagesIn(folder: string): readonly string[] {
  return (readdirSync(folder, { recursive: true }) as string[]).filter((file) => file.endsWith('.md')).sort();
}

/** With what users import as the title. */
function titled(page: string, text: string): string {
  if (page === 'README.md') return text;
  const door = page.replace(/\.md$/, '');
  return text.replace(/^# .*/, `# \`${door === 'latchkey' ? door : `latchkey/${door}`}\``);
}
