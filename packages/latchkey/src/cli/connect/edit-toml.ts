import type { Entry } from './client.ts';
import { DocumentError, lineBreakOf, type Edit } from './document.ts';
import { renderTable } from './render-settings.ts';
import { parseToml, type Statement } from './toml-document.ts';

/**
 * The edits that give a text of TOML this table; none where it has it. Only the table's own lines are replaced; where it
 * is missing it is appended. Throws DocumentError where the text is no TOML or says the same in another way.
 */
export function editToml(text: string, entry: Entry): readonly Edit[] {
  const lineBreak = lineBreakOf(text);
  const wanted = renderTable(entry)
    .trimEnd()
    .replaceAll('\n', () => lineBreak);
  const statements = parseToml(text);
  const own = statements.findIndex(({ kind, path }) => kind === 'table' && isSame(path, entry.path));
  refuseOtherSpellings(statements, own, entry.path);
  if (own === -1) return [append(text, wanted + lineBreak, lineBreak)];
  const { start } = statements[own]!;
  const { end } = statements[endOfTable(statements, own) - 1]!;
  const removed = text.slice(start, end);
  return removed === wanted ? [] : [{ offset: start, removed, added: wanted }];
}

function append(text: string, added: string, lineBreak: string): Edit {
  const gap = text === '' || text.endsWith(lineBreak + lineBreak) ? '' : lineBreak;
  return {
    offset: text.length,
    removed: '',
    added: (text === '' || text.endsWith('\n') ? gap : lineBreak + gap) + added,
  };
}

/** The place in the list behind the last pair of the table. */
function endOfTable(statements: readonly Statement[], own: number): number {
  const next = statements.findIndex(({ kind }, index) => index > own && kind !== 'pair');
  return next === -1 ? statements.length : next;
}

/** `a.b = {…}`, `a = {…}`, `[[a]]`: a table beside them would be an error, or a second truth. */
function refuseOtherSpellings(statements: readonly Statement[], own: number, path: readonly string[]): void {
  const end = own === -1 ? -1 : endOfTable(statements, own);
  const other = statements.find((each, index) => {
    if (index >= own && index < end) return false;
    if (each.kind === 'pair')
      return startsWith(each.path, path) ? !isInTableBelow(statements, index, path) : startsWith(path, each.path);
    return each.kind === 'list' && startsWith(path, each.path);
  });
  if (other === undefined) return;
  throw new DocumentError(other.start, `${other.path.join('.')} is set here in a way that is not edited for you`);
}

/** Tables below the own one, such as those of single tools, are the user's. */
function isInTableBelow(statements: readonly Statement[], index: number, path: readonly string[]): boolean {
  const header = statements.slice(0, index).findLast(({ kind }) => kind !== 'pair');
  return header !== undefined && header.path.length > path.length && startsWith(header.path, path);
}

function startsWith(path: readonly string[], start: readonly string[]): boolean {
  return start.every((name, index) => path[index] === name);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && startsWith(a, b);
}
