import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeYaml } from './yaml-document.ts';

export interface WatchOptions {
  /** The text that is in force. Default: what the file holds when the watch begins. */
  readonly text?: string;
  /** A text is handed on once it has stayed the same this long. Default 200. */
  readonly settleMs?: number;
  /** How often to look where no notice comes: network drives, a link to another folder. Default 2000. */
  readonly pollMs?: number;
}

export interface Watch {
  /** Hands the text on though it did not change, once it has come to rest. False when there is none to be read. */
  readAgain(): Promise<boolean>;
  /** After that `onText` is not called. */
  stop(): void;
}

/**
 * Calls `onText` with the file's text whenever it has changed since the watch began and has come to rest, however it was
 * written: in place, by rename, by a link that was turned. A missing, unreadable, empty or non-UTF-8 file is waited out.
 * Keeps no process alive.
 */
export function watchConfig(file: string, onText: (text: string) => void, options: WatchOptions = {}): Watch {
  const { settleMs = 200, pollMs = 2000 } = options;
  let known: string | null = options.text ?? null;
  let candidate: string | null = null;
  let asked = false;
  let closed = false;
  let settling: NodeJS.Timeout | null = null;

  async function look(): Promise<void> {
    const text = await readText(file);
    if (closed || text === null) return;
    known ??= text;
    if (text === known && !asked) candidate = null;
    else if (text === candidate) {
      [known, candidate, asked] = [text, null, false];
      onText(text);
    } else {
      candidate = text;
      settle();
    }
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
      return (await readText(file)) !== null;
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

async function readText(file: string): Promise<string | null> {
  try {
    const text = decodeYaml(await readFile(file), file);
    // An empty file is one that is being written; as a configuration it would take every rule away.
    return typeof text === 'string' && text.trim() !== '' ? text : null;
  } catch {
    return null;
  }
}
