import { LatchkeyError } from '../../core/error.ts';
import type { TrailCheck, TrailFinding } from '../../core/store.ts';
import { withStore, type StoreFlags } from '../credential/settings.ts';
import { print, printJson, say } from '../output.ts';

/** Says whether the trail is as it was written; the exit code is 1 and E_TRAIL_BROKEN names the place where it is not. */
export async function verifyTrail(flags: StoreFlags): Promise<void> {
  const found = await withStore(flags, async (store) => store.trail.verify());
  if (flags.json) {
    printJson({ ok: found.bad === null, ...found });
    if (found.bad !== null) process.exitCode = 1;
    return;
  }
  for (const { file, line, first = line } of found.cut) {
    const lines = first === line ? 'that line is' : `lines ${first} to ${line} are`;
    say(
      `note: a process ended while it was writing ${file}:${line}; ${lines} not proved: anybody may have added them.`,
    );
  }
  if (found.bad !== null) throw broken(found.bad);
  print(`ok: ${describe(found)}\n`);
}

function describe({ records, files, seal }: TrailCheck): string {
  const last = seal === null ? '' : `; the last seal is ${seal.number} ${seal.mac}`;
  return `${records} record${records === 1 ? '' : 's'} in ${files} file${files === 1 ? '' : 's'}${last}`;
}

const WORDS: Readonly<Record<TrailFinding['what'], string>> = {
  changed: 'is not as it was written: it was edited, removed, moved or put there',
  missing: 'does not follow what was written before it: records are gone',
  unsealed: 'was not written by Latchkey, or by one that ended before it could seal it',
  'end-missing': 'is where the trail ends, and more was written: records are gone, or the machine lost power',
  cut: 'was cut short',
};

function broken({ what, file, line }: TrailFinding): LatchkeyError {
  const place = file === '' ? 'The whole trail' : `${file}:${line}`;
  return new LatchkeyError('E_TRAIL_BROKEN', `${place} ${WORDS[what]}.`, {
    hint: 'what precedes it is proved; compare what follows with a copy',
  });
}
