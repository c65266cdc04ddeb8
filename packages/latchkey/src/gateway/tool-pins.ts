import { hash } from 'node:crypto';
import type { PinStore } from '../core/store.ts';
import { spellDefinition } from '../core/tool-definition.ts';
import { LONGEST_TEXT } from '../core/trail-text.ts';

/** More tools of one server are not pinned, nor longer names, so that its lists cannot fill memory and store. */
const MAX_TOOLS = 10_000;
const MAX_NAME = LONGEST_TEXT;

export interface PinOptions {
  readonly server: string;
  readonly mode: 'alert' | 'block';
  readonly store: PinStore;
  /** Called when a tool was seen with another definition than the pinned one. */
  readonly onChange: (tool: string) => void;
  /** Called when the store could not be asked; what is not known to be pinned is then not. */
  readonly onFailure: (error: unknown) => void;
}

/** The definitions of one server's tools as they were first seen, against what its lists say now. */
export interface ToolPins {
  readonly mode: 'alert' | 'block';
  /** Takes notice of a tool as listed; the first definition of a name is its pin. False where it must not be shown. */
  see(tool: Readonly<Record<string, unknown>>, now: number): boolean;
  /** Whether the tool may be called: in mode `block`, if its definition was seen since the start and is the pinned one. */
  allows(tool: string): Promise<boolean> | boolean;
  /** Reads what was accepted meanwhile; null when nothing waits for that. */
  renew(): Promise<void> | null;
}

export function createToolPins({ server, mode, store, onChange, onFailure }: PinOptions): ToolPins {
  const pinned = new Map<string, string>();
  const seen = new Map<string, string>();
  const changed = new Set<string>();
  let unsaved = new Map<string, string>();
  let settled = load();

  const isPinned = (tool: string): boolean => seen.has(tool) && seen.get(tool) === pinned.get(tool);

  async function load(): Promise<void> {
    try {
      for (const { tool, digest } of await store.list(server)) pinned.set(tool, digest);
      for (const tool of changed) if (isPinned(tool)) changed.delete(tool);
    } catch (error) {
      onFailure(error);
    }
  }

  // One write for all tools of a page.
  async function save(now: number): Promise<void> {
    const digests = unsaved;
    unsaved = new Map();
    try {
      await store.see(server, digests, now);
    } catch (error) {
      for (const tool of digests.keys()) seen.delete(tool);
      return onFailure(error);
    }
    await load();
    for (const tool of digests.keys()) {
      if (isPinned(tool)) continue;
      changed.add(tool);
      onChange(tool);
    }
  }

  return {
    mode,
    see(tool, now) {
      const name = String(tool['name']);
      const digest = hash('sha256', spellDefinition(tool));
      if (name.length <= MAX_NAME && seen.get(name) !== digest && (seen.has(name) || seen.size < MAX_TOOLS)) {
        if (unsaved.size === 0) settled = settled.then(() => save(now));
        seen.set(name, digest);
        unsaved.set(name, digest);
      }
      return mode === 'alert' || !pinned.has(name) || isPinned(name);
    },
    allows(tool) {
      if (mode === 'alert' || isPinned(tool)) return true;
      // Its pin may be on the way to the store, or somebody may have accepted what was found.
      return settled.then(load).then(() => isPinned(tool));
    },
    renew: () => (changed.size === 0 ? null : settled.then(load)),
  };
}
