import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectEachRefused, expectEachServed, responseOf } from './answers.ts';
import { setRules, startChangingSites, type ChangingSite } from './changing-sites.ts';
import { legacyCall, modernCall, openSession, send, type Call } from './harness.ts';

const PLAIN = ['echo', 'delete_all', 'Read_File', 'read.me-now_1'];
/** Names outside of what the specification allows: an exact rule alone lets them be called. */
const ODD = ['caf\u00e9', 'my tool', 'ns/tool'];
/** What a careless server would take for one of its own. */
const NEAR = ['read_file', 'Delete_all', 'DELETE_ALL', 'ECHO', 'echo.', 'echo '];
const OTHERS = ['anything', 'any.thing-1', 'drop', 'x'.repeat(128)];
const tools = [...PLAIN, ...ODD, ...OTHERS, ...NEAR].map((name) => ({ name, inputSchema: { type: 'object' } }));
const readable = { scopes: ['file:read'] };
const exact = Object.fromEntries([...PLAIN, ...ODD].map((name) => [name, readable]));

const byName = { ...exact, delete_all: { deny: true } };
// Everything else may be called, so only what the gateway makes of the name stands before a tool that is denied.
const byGlob = { ...byName, 'drop_*': { deny: true }, 'Admin*': { scopes: ['admin'] }, '*': readable };

let sites: readonly [ChangingSite, ChangingSite, ChangingSite];
beforeAll(async () => {
  sites = await startChangingSites({ tools }, { tools: byGlob });
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

const encoded = (name: string): string => `=?base64?${Buffer.from(name).toString('base64')}?=`;
const callTo = (name: string): Call => ({
  ...modernCall('tools/call', { name, arguments: {} }),
  headers: { 'Mcp-Name': encoded(name) },
});
const callsTo = (names: readonly string[]): Record<string, Call> =>
  Object.fromEntries(names.map((name) => [JSON.stringify(name), callTo(name)]));

/** Names that a program which trims, folds, decodes or normalises would take for this one. */
function nearMisses(name: string): readonly string[] {
  const [first = '', rest = ''] = [name.slice(0, 1), name.slice(1)];
  const middle = (text: string): string => `${first}${text}${rest}`;
  const spaces = [' ', '\u00a0', '\u2003', '\u3000', '\u2028', '\u202f', '\u1680'];
  const unseen = [
    '\u200b',
    '\u200c',
    '\u200d',
    '\u2060',
    '\ufeff',
    '\u00ad',
    '\u180e',
    '\u202e',
    '\ufe0f',
    '\u{e0065}',
  ];
  const fullWidth = [...name].map((letter) =>
    /[!-~]/.test(letter) ? String.fromCodePoint(letter.codePointAt(0)! + 0xfee0) : letter,
  );
  return [
    ...spaces.flatMap((space) => [`${name}${space}`, `${space}${name}`]),
    ...unseen.flatMap((mark) => [`${name}${mark}`, `${mark}${name}`, middle(mark)]),
    ...['.', '..', '/', '\\', '/.', '%20', '%00', '#', '?x=1', ';x', ',', ':', '+', '*', '()', '\u0301', '\u0338'].map(
      (end) => `${name}${end}`,
    ),
    ...['./', '../', '/', '\\', '.', '~/', 'x/../', '//', 'tools/', 'default/', 'file://'].map(
      (start) => `${start}${name}`,
    ),
    `%${first.charCodeAt(0).toString(16)}${rest}`,
    middle('%2e'),
    name.toUpperCase(),
    `${first.toUpperCase()}${rest}`,
    `${name.slice(0, -1)}${name.slice(-1).toUpperCase()}`,
    fullWidth.join(''),
    name.replace('e', '\u0435'),
    name.replace('a', '\u0430').replace('o', '\u043e'),
    name.replace('l', '\u0131').replace('c', '\u217d'),
    name.padEnd(129, '_'),
    name.padEnd(9000, '_'),
    `${name}${'\u200b'.repeat(128 - name.length)}`,
    '',
  ].filter((near) => near !== name);
}

const served = ['echo', 'Read_File', 'read.me-now_1', ...ODD];

async function expectNearMissesRefused(site: ChangingSite): Promise<void> {
  await expectEachServed(site, callsTo(served));
  for (const name of ['echo', 'delete_all']) await expectEachRefused(site, callsTo(nearMisses(name)), [400, 403, 404]);
  const odd = ['cafe\u0301', 'CAF\u00c9', 'My tool', 'ns//tool'];
  await expectEachRefused(site, callsTo(odd), [400, 403]);
}

test('POL-17 tool-name near-misses', async () => {
  for (const site of sites) await expectNearMissesRefused(site);
});

test('POL-17 tool-name near-misses: where every rule is an exact name', async () => {
  const [site] = sites;
  await setRules(site, byName);
  await expectEachRefused(site, callsTo(['anything']), 403);
  await expectNearMissesRefused(site);
  await setRules(site, byGlob);
});

test('POL-17 tool-name near-misses: no spelling goes round a rule for a pattern', async () => {
  for (const site of sites) {
    await expectEachServed(site, callsTo(OTHERS));
    await expectEachRefused(
      site,
      callsTo(['drop_table', 'Drop_table', 'DROP_TABLE', 'admin_all', 'ADMIN', 'AdminAll']),
      403,
    );
    await expectEachRefused(
      site,
      callsTo(['x'.repeat(129), 'any thing', 'any/thing', '\u00e9cho', '*', '.', '-.']),
      [400, 403],
    );
  }
});

test('POL-17 tool-name near-misses: by the header as well as by the body, and in sessions', async () => {
  for (const site of sites) {
    const session = await openSession(site);
    const legacy = nearMisses('delete_all').map((name): [string, Call] => [
      JSON.stringify(name),
      legacyCall('tools/call', { name, arguments: {} }, session),
    ]);
    await expectEachRefused(site, Object.fromEntries(legacy), [400, 403, 404]);
    const mismatch = ['Echo', 'echo%20', 'echo.', '"echo"', 'echo, echo', 'echo;q=1'].map((name): [string, Call] => [
      name,
      { headers: { 'Mcp-Name': name } },
    ]);
    await expectEachRefused(site, Object.fromEntries(mismatch), 400, -32020);
    const unsound = ['echo\u0000', 'echo\n', 'echo\r\nX: y', 'echo\t', 'echo\u0085', '\ud800'].map(
      (name): [string, Call] => [JSON.stringify(name), callTo(name)],
    );
    await expectEachRefused(site, Object.fromEntries(unsound), 400);
  }
});

test('POL-17 tool-name near-misses: a list shows no name that could not be called', async () => {
  for (const site of sites) {
    const result = responseOf(await send(site, modernCall('tools/list'))).result as { tools: { name: string }[] };
    expect(result.tools.map(({ name }) => name)).toEqual([...served, ...OTHERS]);
  }
});
