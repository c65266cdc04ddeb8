import { LatchkeyError } from '../../core/error.ts';
import type { Pin } from '../../core/store.ts';
import { toDistance, toTime } from '../../credentials/describe.ts';
import { withStore, type StoreFlags } from '../credential/settings.ts';
import { print, printJson, say } from '../output.ts';
import { toPlainText } from '../../core/plain-text.ts';
import { formatTable } from '../table.ts';

export type PinFlags = StoreFlags;
export interface AcceptFlags extends StoreFlags {
  readonly server?: string;
}

/** Every pinned tool of every server, and whether its definition has changed. */
export async function listPins(flags: PinFlags): Promise<void> {
  const now = Date.now();
  const pins = await withStore(flags, async (store) => store.pins.list(null));
  if (flags.json) return printJson(pins.map(toDocument));
  if (pins.length === 0) return say('No tool is pinned. `pin: alert` or `pin: block` in latchkey.yaml pins them.');
  const rows = pins.map((pin) => [pin.server, pin.tool, statusOf(pin), toDistance(pin.at, now)]);
  return print(formatTable(['SERVER', 'TOOL', 'DEFINITION', 'PINNED'], rows));
}

/** Makes the definition that the gateway found last the right one. */
export async function acceptPin(tool: string, flags: AcceptFlags): Promise<void> {
  const now = Date.now();
  await withStore(flags, async (store) => {
    const pin = pick(await store.pins.list(null), tool, flags.server);
    if (!(await store.pins.accept(pin, now))) throw unchanged(tool, 'has changed again; look at it once more');
    if (flags.json) return printJson({ server: pin.server, tool, digest: pin.found });
    return say(`Accepted the changed definition of "${toPlainText(tool)}" of the server "${pin.server}".`);
  });
}

function pick(pins: readonly Pin[], tool: string, server: string | undefined): Pin {
  const waiting = pins.filter((pin) => pin.tool === tool && pin.found !== null);
  const found = server === undefined ? waiting : waiting.filter((pin) => pin.server === server);
  const [first, ...others] = found;
  if (first === undefined) throw unchanged(tool, 'has no changed definition that waits');
  if (others.length === 0) return first;
  throw new LatchkeyError('E_USAGE', `Several servers have a changed tool "${toPlainText(tool)}".`, {
    hint: `--server takes one of: ${found.map((pin) => pin.server).join(', ')}`,
  });
}

function unchanged(tool: string, what: string): LatchkeyError {
  return new LatchkeyError('E_TOOL_UNCHANGED', `The tool "${toPlainText(tool)}" ${what}.`, {
    hint: '`latchkey tools list` shows what is pinned and what has changed.',
  });
}

function statusOf({ found }: Pin): string {
  return found === null ? 'as pinned' : 'changed';
}

function toDocument(pin: Pin): object {
  const { server, tool, digest, found, at } = pin;
  return { server, tool, status: statusOf(pin), digest, found, at: toTime(at) };
}
