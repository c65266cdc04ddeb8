import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from './client.ts';
import { applyEdits, DocumentError, placeOf } from './document.ts';
import { editJson } from './edit-json.ts';
import { parseJson, toValue } from './json-document.ts';

const ENTRY: Entry = { path: ['mcpServers', 'latchkey'], value: { type: 'http', url: 'https://x/mcp' } };
const INPUT: Entry = { path: ['inputs'], elementBy: 'id', value: { id: 'token', password: true } };

const edit = (text: string, entry = ENTRY, comments = true): string =>
  applyEdits(text, editJson(text, entry, { comments }));

function failure(text: string, entry = ENTRY, comments = true): string {
  try {
    edit(text, entry, comments);
    return 'none';
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    const { line, column } = placeOf(text, error.offset);
    return `${line}:${column} ${error.message}`;
  }
}

describe('editJson', () => {
  it('adds a member behind the others, in their layout', () => {
    expect(edit('{\n\t"mcpServers": {\n\t\t"a": { "command": "x" }\n\t},\n\t"b": 1\n}\n')).toBe(
      '{\n\t"mcpServers": {\n\t\t"a": { "command": "x" },\n\t\t"latchkey": {\n\t\t\t"type": "http",\n\t\t\t"url": "https://x/mcp"\n\t\t}\n\t},\n\t"b": 1\n}\n',
    );
  });

  it('makes what is missing on the way', () => {
    expect(edit('{}')).toBe(
      '{\n  "mcpServers": {\n    "latchkey": {\n      "type": "http",\n      "url": "https://x/mcp"\n    }\n  }\n}',
    );
    expect(edit('{\n    "a": 1\n}\n')).toBe(
      '{\n    "a": 1,\n    "mcpServers": {\n        "latchkey": {\n            "type": "http",\n            "url": "https://x/mcp"\n        }\n    }\n}\n',
    );
  });

  it('keeps comments where they are, and needs no second comma', () => {
    expect(
      edit('{\n  // one\n  "mcpServers": {\n    "a": 1 // last, of all\n    /* end */\n  }\n}', {
        ...ENTRY,
        value: true,
      }),
    ).toBe('{\n  // one\n  "mcpServers": {\n    "a": 1, // last, of all\n    /* end */\n    "latchkey": true\n  }\n}');
    expect(edit('{\n  "mcpServers": {\n    "a": 1, // x\n  },\n}', { ...ENTRY, value: true })).toBe(
      '{\n  "mcpServers": {\n    "a": 1, // x\n    "latchkey": true\n  },\n}',
    );
    expect(edit('{ "mcpServers": { /* none yet */ } }', { ...ENTRY, value: true })).toBe(
      '{ "mcpServers": { /* none yet */\n  "latchkey": true\n } }',
    );
  });

  it('keeps CRLF, a byte order mark and what others wrote on one line', () => {
    const text = '\uFEFF{"a":[1,2],\r\n"mcpServers":{"b":{}}}';
    const edited = edit(text, { ...ENTRY, value: true });
    expect(edited).toBe('\uFEFF{"a":[1,2],\r\n"mcpServers":{"b":{},\r\n  "latchkey": true\r\n}}');
  });

  it('replaces its own entry alone, and nothing where it is the same in other words', () => {
    const text = '{ "mcpServers": { "latchkey": { "url": "old" }, "z": 1 } }';
    expect(toValue(parseJson(edit(text), { comments: false }))).toEqual({
      mcpServers: { latchkey: ENTRY.value, z: 1 },
    });
    expect(
      editJson('{"mcpServers":{"latchkey":{"url":"https:\\/\\/x/mcp",/**/"type":"http",}}}', ENTRY, { comments: true }),
    ).toEqual([]);
  });

  it('finds the element of a list by its name', () => {
    expect(toValue(parseJson(edit('{}', INPUT), { comments: false }))).toEqual({ inputs: [INPUT.value] });
    const others = '{\n  "inputs": [\n    "x", { "id": "other" }, { "id": "token", "password": false }\n  ]\n}';
    expect(toValue(parseJson(edit(others, INPUT), { comments: false }))).toEqual({
      inputs: ['x', { id: 'other' }, INPUT.value],
    });
    expect(edit('{\n  "inputs": [\n    1\n  ]\n}', { ...INPUT, value: { id: 'a' } })).toBe(
      '{\n  "inputs": [\n    1,\n    {\n      "id": "a"\n    }\n  ]\n}',
    );
  });

  it.each([
    ['{ "a": 1, }', false, '1:11 a comma before the closing bracket'],
    ['{\n  // no\n}', false, '2:3 a name in double quotes is missing here'],
    ['// no\n{}', false, '1:1 a comment, which this file cannot hold'],
    ['{ "a": 1 "b": 2 }', true, '1:10 a comma or } is missing here'],
    ['{ "a" 1 }', true, '1:7 a colon is missing here'],
    ['{ "a": \'x\' }', true, '1:8 no JSON'],
    ['{ "a": "x\n" }', true, '1:8 no JSON'],
    ['{ "a": ', true, '1:8 the file ends too early'],
    ['{} {}', true, '1:4 no JSON'],
    ['[]', true, '1:1 the file is no object'],
    ['{ "mcpServers": [] }', true, '1:17 "mcpServers" is no object'],
    ['{ "mcpServers": {}, "mcpServers": {} }', true, '1:21 "mcpServers" stands here a second time'],
    ['{ "mcpServers": { "latchkey": 1, "latchkey": 2 } }', true, '1:34 "latchkey" stands here a second time'],
  ])('refuses %j and says where', (text, comments, expected) => {
    expect(failure(text, ENTRY, comments)).toBe(expected);
  });

  it('refuses what is too deep for it', () => {
    expect(failure('['.repeat(100_000))).toContain('more than 500 levels');
  });

  it('changes any file only by what it adds, and a second time not at all', () => {
    const trivia = fc.constantFrom('', ' ', '\n', '\r\n  ', '\t', '/* , */', '// }\n', ' // "x": 1\n');
    const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value));
    const member = fc
      .tuple(fc.string({ maxLength: 5 }), trivia, json, trivia)
      .map(([name, before, value, after]) => `${JSON.stringify(name)}${before}:${value}${after}`);
    const file = fc
      .tuple(
        fc.uniqueArray(member, { selector: (text) => /^"(?:[^"\\]|\\.)*"/.exec(text)![0], maxLength: 4 }),
        trivia,
        fc.boolean(),
      )
      .map(
        ([members, inside, trailing]) =>
          `{${inside}${members.join(',')}${trailing && members.length > 0 ? ',' : ''}${inside}}`,
      );
    const nested = fc.tuple(file, trivia).map(([inner, around]) => `{"a":1,${around}"mcpServers":${inner}${around}}`);
    fc.assert(
      fc.property(fc.oneof(file, nested), (text) => {
        const before = toValue(parseJson(text, { comments: true })) as Record<string, object>;
        const servers = before['mcpServers'] ?? {};
        if (servers.constructor !== Object || 'latchkey' in servers) return;
        const edited = edit(text);
        const after = { ...before, mcpServers: { ...servers, latchkey: ENTRY.value } };
        expect(toValue(parseJson(edited, { comments: true }))).toEqual(after);
        expect(editJson(text, ENTRY, { comments: true }).every(({ removed }) => removed === '')).toBe(true);
        expect(edit(edited)).toBe(edited);
      }),
      { numRuns: 1000 },
    );
  });
});
