import { isDeepStrictEqual } from 'node:util';
import type { Entry } from './client.ts';
import { DocumentError, lineBreakOf, type Edit } from './document.ts';
import { memberOf, parseJson, toValue, type Node } from './json-document.ts';

type Holder = Exclude<Node, { kind: 'scalar' }>;

/**
 * The edits that give a text of JSON this entry; none where it has it. Everything else, comments and layout included,
 * stays as it is. Throws DocumentError where the text is no JSON or something else stands in the way.
 */
export function editJson(text: string, entry: Entry, options: { readonly comments: boolean }): readonly Edit[] {
  const root = parseJson(text, options);
  const { holder, rest } = descend(root, entry);
  const wanted = rest.slice(1).reduceRight<unknown>((value, name) => ({ [name]: value }), asItem(entry, rest));
  const found = findIn(holder, entry, rest);
  if (found === null) return insert(text, holder, rest[0] ?? null, wanted);
  if (isDeepStrictEqual(toValue(found), wanted)) return [];
  return [
    {
      offset: found.start,
      removed: text.slice(found.start, found.end),
      added: write(text, wanted, indentOfLine(text, found.start)),
    },
  ];
}

/** The innermost object (or the list, for an element) of the path that is there, and the names that lead on from it. */
function descend(root: Node, { path, elementBy }: Entry): { holder: Holder; rest: readonly string[] } {
  let node = requireKind(root, 'table', []);
  for (const [index, name] of path.entries()) {
    const member = node.kind === 'table' ? memberOf(node, name) : null;
    const last = index === path.length - 1;
    if (member === null || (last && elementBy === undefined)) return { holder: node, rest: path.slice(index) };
    node = requireKind(member.value, last ? 'list' : 'table', path.slice(0, index + 1));
  }
  return { holder: node, rest: [] };
}

function requireKind(node: Node, kind: Holder['kind'], path: readonly string[]): Holder {
  if (node.kind === kind) return node;
  const name = path.length === 0 ? 'the file' : JSON.stringify(path.join('.'));
  throw new DocumentError(node.start, `${name} is no ${kind === 'table' ? 'object' : 'list'}`);
}

/** A list that is not there yet is made with its one element. */
function asItem({ value, elementBy }: Entry, rest: readonly string[]): unknown {
  return elementBy !== undefined && rest.length > 0 ? [value] : value;
}

function findIn(holder: Holder, { value, elementBy }: Entry, rest: readonly string[]): Node | null {
  if (holder.kind === 'table') return memberOf(holder, rest[0]!)?.value ?? null;
  const key = (value as Record<string, unknown>)[elementBy!];
  return holder.items.find((item) => (toValue(item) as Record<string, unknown> | null)?.[elementBy!] === key) ?? null;
}

/** Puts a member or an element behind the last one, and behind a comment that follows that. */
function insert(text: string, holder: Holder, name: string | null, value: unknown): readonly Edit[] {
  const last = (holder.kind === 'table' ? holder.members : holder.items).at(-1);
  const outer = indentOfLine(text, holder.start);
  const indent =
    last !== undefined && startsLine(text, last.start) ? indentOfLine(text, last.start) : outer + unitOf(text);
  const end = endOfContent(text, last?.end ?? holder.start + 1, holder.end - 1);
  const lineBreak = lineBreakOf(text);
  const closing = text.slice(end, holder.end - 1).includes('\n') ? '' : lineBreak + outer;
  const label = name === null ? '' : `${JSON.stringify(name)}: `;
  const added = { offset: end, removed: '', added: lineBreak + indent + label + write(text, value, indent) + closing };
  const comma = last !== undefined && !hasComma(text.slice(last.end, end));
  if (!comma) return [added];
  return last.end === end
    ? [{ ...added, added: `,${added.added}` }]
    : [{ offset: last.end, removed: '', added: ',' }, added];
}

/** Where the last comma or comment before the closing bracket ends. */
function endOfContent(text: string, from: number, to: number): number {
  return from + text.slice(from, to).trimEnd().length;
}

function hasComma(between: string): boolean {
  return between.replaceAll(/\/\/[^\r\n]*|\/\*[^]*?\*\//g, '').includes(',');
}

function write(text: string, value: unknown, indent: string): string {
  return JSON.stringify(value, null, unitOf(text)).replaceAll('\n', () => lineBreakOf(text) + indent);
}

/** One step of indentation: that of the first line that is indented, else two spaces. */
function unitOf(text: string): string {
  return /(?:^|\n)([ \t]+)"/.exec(text)?.[1] ?? '  ';
}

function indentOfLine(text: string, offset: number): string {
  const line = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(line, offset))![0];
}

function startsLine(text: string, offset: number): boolean {
  const line = text.lastIndexOf('\n', offset - 1) + 1;
  return text.slice(line, offset).trim() === '';
}
