import type { Entry, Settings } from './client.ts';

/** A whole settings file that holds the entries and nothing else; ends with a line break. */
export function renderSettings(format: Settings['format'], entries: readonly Entry[]): string {
  return format === 'toml' ? entries.map(renderTable).join('\n') : `${JSON.stringify(toDocument(entries), null, 2)}\n`;
}

/** One table of TOML; what it holds is texts. JSON's way to write a text is one of TOML's. */
export function renderTable({ path, value }: Entry): string {
  const pairs = Object.entries(value).map(([name, text]) => `${name} = ${JSON.stringify(text)}\n`);
  return `[${path.join('.')}]\n${pairs.join('')}`;
}

function toDocument(entries: readonly Entry[]): object {
  const document = {};
  for (const { path, value, elementBy } of entries) {
    let place: Record<string, unknown> = document;
    for (const name of path.slice(0, -1)) place = (place[name] ??= {}) as Record<string, unknown>;
    place[path.at(-1)!] = elementBy === undefined ? value : [value];
  }
  return document;
}
