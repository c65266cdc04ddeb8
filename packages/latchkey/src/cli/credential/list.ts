import { isLive } from '../../core/credential-life.ts';
import type { CredentialRecord } from '../../core/store.ts';
import { findCredentials } from '../../credentials/find.ts';
import { print, printJson, say } from '../output.ts';
import { formatTable } from '../table.ts';
import { listScopes, statusOf, toDistance, toDocument } from '../../credentials/describe.ts';
import { withStore, type StoreFlags } from './settings.ts';

export interface ListFlags extends StoreFlags {
  /** The dead too. */
  readonly all?: true;
}

type Column = readonly [title: string, cell: (record: CredentialRecord, now: number) => string];

const NAME: Column = ['NAME', (record) => record.name];
const OWNER: Column = ['OWNER', (record) => record.owner ?? '-'];
const USES: Column = ['USES', (record) => String(record.uses)];
const LAST_USED: Column = ['LAST USED', (record, now) => toDistance(record.lastUsedAt, now)];
const STATUS: Column = ['STATUS', statusOf];
const SHARED: readonly Column[] = [
  STATUS,
  ['SCOPES', (record) => listScopes(record.scopes)],
  ['SERVERS', (record) => record.servers?.join(' ') ?? 'all'],
  ['ENDS', (record, now) => toDistance(record.expiresAt, now)],
  LAST_USED,
  ['BEGINS WITH', (record) => `${record.hint}…`],
];

/** Lists what lives, oldest first; with --all the dead too. */
export async function listCredentials(kind: 'token' | 'key', flags: ListFlags): Promise<void> {
  await printRecords(kind, flags, kind === 'key' ? [NAME, OWNER, ...SHARED] : [NAME, ...SHARED]);
}

/** Who uses which key how much. */
export async function showUsage(flags: ListFlags): Promise<void> {
  await printRecords('key', flags, [NAME, OWNER, STATUS, USES, LAST_USED]);
}

/** Every credential of that name, the newest first: what lives and what lived. */
export async function showCredential(kind: 'token' | 'key', name: string, flags: StoreFlags): Promise<void> {
  const now = Date.now();
  const found = await withStore(flags, (store) => findCredentials(store.credentials, { kind, name }));
  if (flags.json) printJson(found.map((record) => toDocument(record, now)));
  else print(formatTable(null, toSheet(found, now)));
}

function toSheet(found: readonly CredentialRecord[], now: number): string[][] {
  const columns: readonly Column[] = [
    NAME,
    ...SHARED,
    USES,
    ['MADE', (record) => toDistance(record.createdAt, now)],
    ['ID', (record) => record.id],
  ];
  return columns.map(([title, cell]) => [title.toLowerCase(), ...found.map((record) => cell(record, now))]);
}

async function printRecords(kind: 'token' | 'key', flags: ListFlags, columns: readonly Column[]): Promise<void> {
  const now = Date.now();
  const all = await withStore(flags, async (store) => store.credentials.list(kind));
  const shown = all.filter((record) => flags.all || isLive(record, now));
  if (flags.json) return printJson(shown.map((record) => toDocument(record, now)));
  if (shown.length > 0) {
    print(
      formatTable(
        columns.map(([title]) => title),
        shown.map((record) => columns.map(([, cell]) => cell(record, now))),
      ),
    );
  } else {
    const dead = all.length > 0 ? ` ${all.length} that ended: --all shows them.` : '';
    say(`There is no live ${kind}.${dead} \`latchkey ${kind} create\` makes one.`);
  }
}
