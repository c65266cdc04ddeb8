import { isAlias, isMap, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import { invalid } from './problem.ts';
import type { Problem } from './problem.ts';

/** Largest configuration file, in bytes. */
export const MAX_FILE = 1024 * 1024;
const MAX_ALIASES = 50;
const MAX_DEPTH = 20;

export type Path = readonly (string | number)[];

export interface YamlDocument {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** `FILE:LINE:COLUMN` of the value at a path, or of its key; of the nearest parent when it is not there. */
  locate(path: Path, part?: 'key' | 'value', offset?: number): string;
  /** How a number, yes or no, or unquoted text at a path is written; null for anything else. */
  spelling(path: Path): string | null;
}

/**
 * Reads UTF-8 text strictly: a byte-order mark, other encodings and more than 1 MiB are problems. So is nothing at all: it
 * is what a full disk leaves of a file, or one that is being written, and as a configuration it would have no rules.
 */
export function decodeYaml(bytes: Uint8Array, file: string): string | Problem {
  if (bytes.length > MAX_FILE)
    return invalid(file, 'is larger than 1 MiB', 'a configuration file is small; is this the right file?');
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    return invalid(file, 'starts with a byte-order mark', 'save it as UTF-8 without BOM');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.trim() === '' ? invalid(file, 'is empty', 'write it anew') : text;
  } catch {
    return invalid(file, 'is not UTF-8', 'save it as UTF-8');
  }
}

/** Parses one YAML 1.2 document. Never throws; the value is undefined when there are problems. */
export function parseYaml(text: string, file: string): YamlDocument {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    stringKeys: true,
  });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  if (documents.length === 0) return emptyDocument(text, file);
  const [document] = documents as Document.Parsed[];
  const second = documents[1];
  if (document === undefined) throw new TypeError('no document');
  const problems = document.errors.map((error) => invalid(at(error.pos[0]), firstLine(error.message)));
  if (second !== undefined) problems.push(invalid(at(second.range[0]), 'holds a second document; one is read'));
  problems.push(...checkNodes(document, at));
  const locate = createLocate(document, at, text);
  const spelling = (path: Path): string | null => spellScalar(findNode(document.contents, path));
  if (problems.length > 0) return { value: undefined, problems, locate, spelling };
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {}, problems, locate, spelling };
  } catch (error) {
    return {
      value: undefined,
      problems: [invalid(file, error instanceof Error ? firstLine(error.message) : 'cannot be read')],
      locate,
      spelling,
    };
  }
}

/** Comments and white space alone are a configuration of defaults; anything else without a document is a mistake. */
function emptyDocument(text: string, file: string): YamlDocument {
  const blank = text.split('\n').every((line) => /^\s*(?:#.*)?$/.test(line));
  const problems = blank ? [] : [invalid(`${file}:1:1`, 'holds no document')];
  return { value: blank ? {} : undefined, problems, locate: () => `${file}:1:1`, spelling: () => null };
}

function checkNodes(document: Document.Parsed, at: (offset: number) => string): Problem[] {
  const problems: Problem[] = [];
  let aliases = 0;
  visit(document, (key, node, path) => {
    const offset = (node as Partial<Node> | null)?.range?.[0] ?? 0;
    if (isAlias(node)) aliases += 1;
    if (path.length > MAX_DEPTH * 2) problems.push(invalid(at(offset), 'is nested too deeply'));
    if (key === 'key' && isScalar(node) && node.value === '__proto__')
      problems.push(invalid(at(offset), 'cannot be a name here'));
    return problems.length > 20 || path.length > MAX_DEPTH * 2 ? visit.BREAK : undefined;
  });
  if (aliases > MAX_ALIASES) problems.push(invalid(at(0), `has more than ${MAX_ALIASES} aliases`));
  return problems;
}

function createLocate(document: Document.Parsed, at: (offset: number) => string, text: string): YamlDocument['locate'] {
  return (path, part = 'value', offset) => {
    const found = findNode(document.contents, path);
    const node = part === 'key' ? (found.key ?? found.value) : (found.value ?? found.key);
    const start = node?.range?.[0] ?? 0;
    return at(offset === undefined || !found.whole ? start : start + shiftInto(node, text, offset));
  };
}

/** How far into the text of a scalar an offset of its value is, where both run alike; else 0. */
function shiftInto(node: Node | null, text: string, offset: number): number {
  if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return 0;
  const raw = text.slice(node.range[0], node.range[1]);
  if (raw === node.value) return offset;
  return raw.slice(1, -1) === node.value ? offset + 1 : alignInto(raw, node.value, offset);
}

/** In a block, or between escapes, the same name or braces are found again by counting. */
function alignInto(raw: string, value: string, offset: number): number {
  const [mark] = /^[\w${}]+/.exec(value.slice(offset)) ?? [];
  if (mark === undefined) return 0;
  let at = -1;
  for (let found = value.indexOf(mark); found !== -1 && found <= offset; found = value.indexOf(mark, found + 1)) {
    at = raw.indexOf(mark, at + 1);
    if (at === -1) return 0;
  }
  return Math.max(at, 0);
}

function spellScalar({ value, whole }: ReturnType<typeof findNode>): string | null {
  return whole && isScalar(value) && value.type === 'PLAIN' ? (value.source ?? null) : null;
}

function findNode(root: Node | null, path: Path): { key: Node | null; value: Node | null; whole: boolean } {
  let value = root;
  let key: Node | null = null;
  for (const step of path) {
    const pair = isMap(value)
      ? value.items.find((each) => isScalar(each.key) && String(each.key.value) === String(step))
      : undefined;
    const item =
      pair === undefined && value !== null && 'items' in value
        ? (value.items as readonly (Node | Pair)[])[Number(step)]
        : undefined;
    if (pair === undefined && item === undefined) return { key, value, whole: false };
    key = pair === undefined ? null : (pair.key as Node);
    value = (pair === undefined ? item : pair.value) as Node | null;
  }
  return { key, value, whole: true };
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
