/** Interfaces whose members are options, by the mark that their table stands under. */
const TABLES = { createLatchkey: 'NodeOptions', limits: 'LimitOptions', doors: 'DoorOptions' } as const;

/** A page with a table of options between each pair of its marks, made of the generated page of the types. */
export function withOptions(page: string, types: string): string {
  return Object.entries(TABLES).reduce((text, [mark, name]) => {
    const marked = new RegExp(`(<!-- options of ${mark}[^\\n]*-->\\n)[^]*?(<!-- /options -->)`);
    if (!marked.test(text)) throw new Error(`the page has no place for the options of ${mark}`);
    const rows = rowsOf(types, name).map(([option, meaning]) => `| \`${option}\` | ${meaning} |`);
    const table = ['| option | meaning |', '|---|---|', ...rows].join('\n');
    return text.replace(marked, (_whole, begin, end) => `${begin}\n${table}\n\n${end}`);
  }, page);
}

function rowsOf(types: string, name: string): readonly (readonly [string, string])[] {
  const section = types.split(/^## /m).find((each) => each.startsWith(`${name}\n`)) ?? '';
  const rows = [...section.matchAll(/^\| (?:<a id="[^"]*"><\/a> )?`([\w.]+)\??` \| `readonly` \|(.*)\|$/gm)];
  if (rows.length === 0) throw new Error(`there are no options of ${name}`);
  return rows.flatMap(([, option = '', cells = '']) => {
    // Types have \| where they are unions; the description is the cell after them.
    const meaning = cells.split(/(?<!\\)\|/)[1]?.trim() ?? '-';
    // Of a member without a description, what is said of its owner holds.
    if (meaning !== '-') return [[option, meaning] as const];
    if (option.includes('.')) return [];
    throw new Error(`${name}.${option} has no description`);
  });
}
