import { LatchkeyError } from '../../core/error.ts';
import type { Entry, Settings } from './client.ts';
import { applyEdits, DocumentError, lineBreakOf, placeOf, type Edit } from './document.ts';
import { editJson } from './edit-json.ts';
import { editToml } from './edit-toml.ts';
import { redactRemoved } from './redact-removed.ts';
import { renderSettings } from './render-settings.ts';

/** A new text for a settings file, and what differs from the old one. */
export interface Change {
  readonly bytes: Buffer;
  /** Empty where nothing has to change. */
  readonly edits: readonly PlacedEdit[];
}

/** An edit and the line where it begins, counted when the edits before it are made. */
export interface PlacedEdit extends Edit {
  readonly line: number;
}

/** Gives a settings file the entries. `path` is for errors. Throws E_CLIENT_FILE, with the place, where the file cannot be read as what it should be. */
export function changeSettings(
  path: string,
  bytes: Buffer,
  format: Settings['format'],
  entries: readonly Entry[],
): Change {
  let text = decode(path, bytes);
  const edits: PlacedEdit[] = [];
  const note = (made: readonly Edit[]): void => {
    edits.push(...made.map((edit) => ({ ...edit, line: placeOf(text, edit.offset).line })));
    text = applyEdits(text, made);
  };
  if (text.trim() === '') note([{ offset: 0, removed: text, added: renderSettings(format, entries) }]);
  else for (const entry of entries) note(located(path, text, () => editOne(text, format, entry)));
  return { bytes: Buffer.from(text), edits };
}

function editOne(text: string, format: Settings['format'], entry: Entry): readonly Edit[] {
  return format === 'toml' ? editToml(text, entry) : editJson(text, entry, { comments: format === 'jsonc' });
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(`${path} is not UTF-8.`, cause);
  }
}

function located<T>(path: string, text: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    const { line, column } = placeOf(text, error.offset);
    throw unreadable(`${path}:${line}:${column}: ${error.message}.`, error);
  }
}

function unreadable(message: string, cause: unknown): LatchkeyError {
  return new LatchkeyError('E_CLIENT_FILE', message, { hint: 'mend the file, or paste the settings by hand', cause });
}

const BEARER = /(\bBearer )[A-Za-z0-9._~+/=:-]+/g;

/** The edits for people to look at: `-` and `+` before the lines that go and come, no line beside them, no token. */
export function showEdits(edits: readonly PlacedEdit[]): string {
  return edits
    .filter(({ added }) => added !== ',')
    .map(({ line, removed, added }) => {
      const inserted = removed === '' && /^,?\r?\n/.test(added);
      const lines = [...split('-', redactRemoved(removed)), ...split('+', added.replace(/^,?\r?\n/, ''))];
      return `@@ ${inserted ? `after line ${line}` : `line ${line}`} @@\n${lines.join('')}`;
    })
    .join('')
    .replaceAll(BEARER, '$1[redacted]');
}

function split(mark: string, text: string): readonly string[] {
  const lines = text.split(lineBreakOf(text));
  if (lines.at(-1)!.trim() === '') lines.pop();
  return lines.map((each) => `${mark} ${each}\n`);
}
