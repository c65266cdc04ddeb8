import fc from 'fast-check';
import { parse, stringify } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import type { Entry } from './client.ts';
import { applyEdits, DocumentError, placeOf } from './document.ts';
import { editToml } from './edit-toml.ts';
import { parseToml } from './toml-document.ts';

const ENTRY: Entry = { path: ['mcp_servers', 'latchkey'], value: { url: 'https://x/mcp', bearer_token_env_var: 'T' } };
const TABLE = '[mcp_servers.latchkey]\nurl = "https://x/mcp"\nbearer_token_env_var = "T"';

const edit = (text: string): string => applyEdits(text, editToml(text, ENTRY));

function failure(text: string): string {
  try {
    edit(text);
    return 'none';
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    const { line, column } = placeOf(text, error.offset);
    return `${line}:${column} ${error.message}`;
  }
}

const WHOLE = `# mine
model = "o3" # the model
notify = [
  "a", # first
  'b',
]
"quoted key".'x' = 1979-05-27T07:32:00Z
long = """
[not.a.table]
\\" """"
literal = '''
[mcp_servers.latchkey]
'''
numbers = [ +1_000, 0xff, -0.5e3, inf, true ]

[mcp_servers.other]
command = "npx"
env = { A = "1", "b.c" = ['x'] }

[[profiles]]
name = "p"
[profiles.more]
a = 1
[[profiles]]
name = "q"
[profiles.more]
a = 2
`;

describe('editToml', () => {
  it('appends its table and leaves every byte before it', () => {
    expect(edit(WHOLE)).toBe(`${WHOLE}\n${TABLE}\n`);
    expect(parse(edit(WHOLE))).toEqual({
      ...parse(WHOLE),
      mcp_servers: { ...(parse(WHOLE)['mcp_servers'] as object), latchkey: ENTRY.value },
    });
    expect(edit('a = 1')).toBe(`a = 1\n\n${TABLE}\n`);
    expect(edit('a = 1\n\n')).toBe(`a = 1\n\n${TABLE}\n`);
    expect(edit('a = 1\r\n')).toBe(`a = 1\r\n\r\n${TABLE.replaceAll('\n', '\r\n')}\r\n`);
  });

  it('reads whatever a writer of TOML writes, and only adds to it', () => {
    const { tree } = fc.letrec((tie) => ({
      leaf: fc.oneof(
        fc.string(),
        fc.integer(),
        fc.double({ noNaN: true }),
        fc.boolean(),
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
      ),
      list: fc.array(tie('leaf'), { maxLength: 3 }),
      tree: fc.dictionary(
        fc.string({ unit: 'binary', maxLength: 5 }),
        fc.oneof(tie('leaf'), tie('list'), tie('tree'), fc.array(tie('tree'), { maxLength: 2 })),
        { maxKeys: 4, noNullPrototype: true },
      ),
    }));
    fc.assert(
      fc.property(tree, (given) => {
        const text = stringify(given as object);
        if (Object.hasOwn(given as object, 'mcp_servers')) return;
        const edited = edit(text);
        expect(edited.startsWith(text)).toBe(true);
        expect(parse(edited)).toEqual({ ...parse(text), mcp_servers: { latchkey: ENTRY.value } });
        expect(edit(edited)).toBe(edited);
      }),
      { numRuns: 100 },
    );
  });

  it('replaces its own table and what is in no other', () => {
    const before = '[a]\nb = 1\n\n# ours\n[ mcp_servers . "latchkey" ] # x\nurl = "old"\nhttp_headers = { A = "b" }\n';
    const after = '\n# the next\n[mcp_servers.latchkey.tools.x]\nmode = "ask"\n[c]\n';
    expect(edit(before + after)).toBe(`[a]\nb = 1\n\n# ours\n${TABLE}\n${after}`);
  });

  it('does nothing the second time', () => {
    for (const text of [WHOLE, '', 'a = 1\r\n', `${TABLE}\n[b]\n`]) expect(editToml(edit(text), ENTRY)).toEqual([]);
  });

  it.each([
    ['mcp_servers = {}', '1:1 mcp_servers is set here in a way that is not edited for you'],
    [
      '[mcp_servers]\nlatchkey = { url = "x" }',
      '2:1 mcp_servers.latchkey is set here in a way that is not edited for you',
    ],
    [
      '[mcp_servers]\nlatchkey.url = "x"',
      '2:1 mcp_servers.latchkey.url is set here in a way that is not edited for you',
    ],
    ['mcp_servers.latchkey.url = "x"', '1:1 mcp_servers.latchkey.url is set here in a way that is not edited for you'],
    ['[[mcp_servers]]', '1:1 mcp_servers is set here in a way that is not edited for you'],
    ['a = ', '1:5 a value is missing here'],
    ['a 1', '1:3 an equals sign is missing here'],
    ['a = 1 b = 2', '1:6 the line goes on where it should end'],
    ['a = "x\n"', '1:5 a value is missing here'],
    ['a = "\\q"', '1:5 a value is missing here'],
    ['a = [1 2]', '1:8 a comma or ] is missing here'],
    ['\n[a', '2:3 a closing bracket is missing here'],
    ['[a]\n[a]', '2:1 a stands here a second time'],
    ['a = 1\na = 2', '2:1 a stands here a second time'],
    ['{ "mcpServers": {} }', '1:1 a name is missing here'],
  ])('refuses %j and says where', (text, expected) => {
    expect(failure(text)).toBe(expected);
  });
});

describe('parseToml', () => {
  it('reads names as TOML spells them', () => {
    expect(parseToml('"a\\u00e9\\x41\\e\\U0001F600" = 1').map(({ path }) => path)).toEqual([['aéA\u001b😀']]);
    expect(parseToml('[a.\'b.c\'."d\\""]').map(({ path }) => path)).toEqual([['a', 'b.c', 'd"']]);
  });
});
