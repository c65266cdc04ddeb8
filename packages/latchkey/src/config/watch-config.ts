import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { CHECK_PATH } from './read-yaml-file.ts';
import { decodeYaml, MAX_FILE } from './yaml-document.ts';

export interface WatchOptions {
  /** The text that is in force. Default: what the file holds when the watch begins. */
  readonly text?: string;
  /** A text is handed on once it has stayed the same this long. Default 200. */
  readonly settleMs?: number;
  /** How often to look where no notice comes: network drives, a link to another folder. Default 2000. */
  readonly pollMs?: number;
  /** Told once when the file has stayed without a usable text for that long, and again only after it had one. */
  readonly onTrouble?: (trouble: Trouble) => void;
}

/** What keeps a file from being taken, and what to do. */
export interface Trouble {
  readonly problem: string;
  readonly hint: string;
}

export interface ConfigWatch {
  /** Hands the text on though it did not change, once it has come to rest. What keeps it from being read, else null. */
  readAgain(): Promise<Trouble | null>;
  /** After that `onText` is not called. */
  stop(): void;
}

/**
 * Calls `onText` with the file's text whenever it has changed since the watch began and has come to rest, however it was
 * written: in place, by rename, by a link that was turned; and when its mode changed, for which it may have been refused. A
 * missing, unreadable, empty or non-UTF-8 file is told of and waited out. Keeps no process alive.
 */
export function watchConfig(file: string, onText: (text: string) => void, options: WatchOptions = {}): ConfigWatch {
  const { settleMs = 200, pollMs = 2000, onTrouble } = options;
  let known: string | null = options.text ?? null;
  let knownMode: number | null = null;
  let candidate: string | null = null;
  let asked = false;
  let trouble: string | null = null;
  let told = false;
  let closed = false;
  let settling: NodeJS.Timeout | null = null;

  async function look(): Promise<void> {
    const found = await readText(file);
    if (closed) return;
    if ('problem' in found) return noteTrouble(found);
    const { text, mode } = found;
    [trouble, told] = [null, false];
    known ??= text;
    knownMode ??= mode;
    if (text === known && mode === knownMode && !asked) candidate = null;
    else if (text === candidate) {
      [known, knownMode, candidate, asked] = [text, mode, null, false];
      onText(text);
    } else {
      candidate = text;
      settle();
    }
  }

  // A file that is written anew is gone or empty for a moment, so that it is, is told only when it stays so.
  function noteTrouble(found: Trouble): void {
    if (found.problem !== trouble) {
      trouble = found.problem;
      return settle();
    }
    if (!told) onTrouble?.(found);
    told = true;
  }

  function settle(): void {
    if (closed) return;
    if (settling !== null) clearTimeout(settling);
    settling = setTimeout(() => void look(), settleMs).unref();
  }

  void look();
  const poll = setInterval(() => void look(), pollMs).unref();
  const watcher = watchFolder(path.dirname(path.resolve(file)), settle);
  return {
    async readAgain() {
      asked = true;
      await look();
      const found = await readText(file);
      if (!('problem' in found)) return null;
      // Whoever asked says it.
      [trouble, told] = [found.problem, true];
      return found;
    },
    stop() {
      closed = true;
      clearInterval(poll);
      if (settling !== null) clearTimeout(settling);
      watcher?.close();
    },
  };
}

/** The folder is watched, not the file: a watch on a file stays with the one that was renamed away. */
function watchFolder(folder: string, onChange: () => void): FSWatcher | null {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    // Polling goes on without it.
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}

interface Found {
  readonly text: string;
  readonly mode: number;
}

async function readText(file: string): Promise<Found | Trouble> {
  try {
    const found = await stat(file);
    // A pipe would never end, and a device might not either.
    if (!found.isFile()) return { problem: found.isDirectory() ? 'is a folder' : 'is no file', hint: REPLACE };
    if (found.size > MAX_FILE) return { problem: 'is larger than 1 MiB', hint: 'is this the right file?' };
    const text = decodeYaml(await readFile(file), file);
    return typeof text === 'string' ? { text, mode: found.mode } : { problem: text.message, hint: text.hint };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT') return { problem: 'there is no such file', hint: 'put it back' };
    return { problem: `cannot be read (${code})`, hint: CHECK_PATH };
  }
}

const REPLACE = 'put a file in its place';
