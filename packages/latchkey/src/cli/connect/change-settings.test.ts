import { describe, expect, it } from 'vitest';
import type { LatchkeyError } from '../../core/error.ts';
import { changeSettings, showEdits } from './change-settings.ts';
import type { Entry, Settings } from './client.ts';

const ENTRY: Entry = { path: ['mcpServers', 'latchkey'], value: { headers: { Authorization: 'Bearer lk_new' } } };
const TABLE: Entry = { path: ['mcp_servers', 'latchkey'], value: { url: 'x' } };

const change = (text: string | Buffer, format: Settings['format'] = 'json', entries = [ENTRY]) =>
  changeSettings('/f', Buffer.from(text as string), format, entries);

function refusal(...args: Parameters<typeof change>): string {
  try {
    change(...args);
    return 'none';
  } catch (error) {
    return `${(error as LatchkeyError).code} ${(error as Error).message}`;
  }
}

describe('changeSettings', () => {
  it('fills a file that is empty or blank', () => {
    for (const text of ['', ' \n']) {
      expect(JSON.parse(change(text).bytes.toString())).toEqual({ mcpServers: { latchkey: ENTRY.value } });
      expect(change(text, 'toml', [TABLE]).bytes.toString()).toBe('[mcp_servers.latchkey]\nurl = "x"\n');
    }
  });

  it('takes one entry after the other', () => {
    const second: Entry = { path: ['mcpServers', 'b'], value: true };
    const { bytes, edits } = change('{}', 'json', [ENTRY, second]);
    expect(JSON.parse(bytes.toString())).toEqual({ mcpServers: { latchkey: ENTRY.value, b: true } });
    expect(change(bytes, 'json', [ENTRY, second]).edits).toEqual([]);
    expect(edits.length).toBeGreaterThan(1);
  });

  it('says where it cannot read the file', () => {
    expect(refusal(Buffer.from([0x7b, 0xe9, 0x7d]))).toBe('E_CLIENT_FILE /f is not UTF-8.');
    expect(refusal('{\n  a\n}')).toBe('E_CLIENT_FILE /f:2:3: a name in double quotes is missing here.');
    expect(refusal('{ /* no */ }')).toContain('/f:1:3: ');
    expect(refusal('{ /* yes */ }', 'jsonc')).toBe('none');
    expect(refusal('model = \n', 'toml', [TABLE])).toBe('E_CLIENT_FILE /f:1:9: a value is missing here.');
  });
});

describe('showEdits', () => {
  it('shows what comes and goes, no line beside it, and no token', () => {
    const before =
      '{\n  "secret": "s3cret",\n  "mcpServers": { "latchkey": { "headers": { "Authorization": "Bearer lk_old" } } }\n}\n';
    const shown = showEdits(change(before).edits);
    expect(shown).toMatch(/^@@ line 3 @@\n- .*Bearer \[redacted\]/);
    expect(shown).toMatch(/\n\+ .*Bearer \[redacted\]/);
    expect(shown).not.toMatch(/lk_|s3cret/);
    expect(showEdits(change('{ "a": "s3cret" }').edits)).not.toContain('s3cret');
  });

  it.each([
    '{"type":"http","url":"https://h/mcp","headers":{"X-API-Key":"lkk_0ld"}}',
    '{"url":"https://h/mcp","headers":{"Authorization":"bearer 0ld","authorization":"Basic 0ld"}}',
    '{"url":"https://h/mcp?api_key=0ld&x=0ld"}',
    '{"command":"npx","args":["mcp-remote","https://h/mcp","--header","X-API-Key:0ld","--token","0ld"]}',
    '{"url":"https://h/mcp","env":{"AUTH_HEADER":"0ld","MY_SECRET":"it\'s \\"0ld\\" 0ld","x":"lk_0ldOldOldOld"}}',
    '{"url":"https://h/mcp","password":   "0ld"}',
  ])('shows no credential of what goes: %s', (old) => {
    const shown = showEdits(change(`{"mcpServers":{"latchkey":${old}}}`).edits);
    expect(shown).toMatch(/https:\/\/h\/mcp[^]*\[redacted\]/);
    expect(shown).not.toMatch(/0ld/);
  });

  it('shows no credential of a table that goes', () => {
    const old = `[mcp_servers.latchkey]\nurl = 'https://h/mcp'\nhttp_headers = { "X-API-Key" = '0ld', Authorization = "DPoP 0ld" }\n`;
    const shown = showEdits(change(old, 'toml', [TABLE]).edits);
    expect(shown).toContain('https://h/mcp');
    expect(shown).not.toContain('0ld');
  });
});
