import { describe, expect, it } from 'vitest';
import { CLIENTS } from '../connect.ts';
import { locateSettings, type Place } from './locate-settings.ts';

const linux: Place = { platform: 'linux', env: {}, home: '/home/ann' };
const locate = (name: string, place: Place, scope?: 'user' | 'project') =>
  locateSettings(
    CLIENTS.find((client) => client.name === name)!,
    scope,
    place,
  );

describe.skipIf(process.platform === 'win32')('locateSettings', () => {
  it.each([
    ['claude-code', undefined, '.mcp.json'],
    ['claude-code', 'user', '/home/ann/.claude.json'],
    ['claude-desktop', undefined, '/home/ann/.config/Claude/claude_desktop_config.json'],
    ['cursor', 'project', '.cursor/mcp.json'],
    ['cursor', 'user', '/home/ann/.cursor/mcp.json'],
    ['vscode', undefined, '.vscode/mcp.json'],
    ['vscode', 'user', '/home/ann/.config/Code/User/mcp.json'],
    ['windsurf', undefined, '/home/ann/.codeium/windsurf/mcp_config.json'],
    ['zed', undefined, '/home/ann/.config/zed/settings.json'],
    ['gemini-cli', undefined, '/home/ann/.gemini/settings.json'],
    ['gemini-cli', 'project', '.gemini/settings.json'],
    ['codex', undefined, '/home/ann/.codex/config.toml'],
    ['codex', 'project', '.codex/config.toml'],
  ] as const)('knows the file of %s, scope %s', (name, scope, expected) => {
    expect(locate(name, linux, scope)).toBe(expected);
  });

  it('goes where the environment says', () => {
    expect(locate('codex', { ...linux, env: { CODEX_HOME: '/srv/codex' } })).toBe('/srv/codex/config.toml');
    expect(locate('claude-code', { ...linux, env: { CLAUDE_CONFIG_DIR: '/c' } }, 'user')).toBe('/c/.claude.json');
    expect(locate('zed', { ...linux, env: { XDG_CONFIG_HOME: '/x' } })).toBe('/x/zed/settings.json');
  });

  it('passes over what XDG and others say where that is no absolute path', () => {
    for (const given of ['', 'x', './x', '~/x'])
      expect(locate('zed', { ...linux, env: { XDG_CONFIG_HOME: given } })).toBe('/home/ann/.config/zed/settings.json');
    expect(locate('codex', { ...linux, env: { CODEX_HOME: 'x' } })).toBe('x/config.toml');
  });

  it('knows the other systems', () => {
    const mac: Place = { platform: 'darwin', env: {}, home: '/Users/ann' };
    const windows: Place = { platform: 'win32', env: { APPDATA: '/C/Roaming' }, home: '/C/ann' };
    expect(locate('claude-desktop', mac)).toBe(
      '/Users/ann/Library/Application Support/Claude/claude_desktop_config.json',
    );
    expect(locate('vscode', mac, 'user')).toBe('/Users/ann/Library/Application Support/Code/User/mcp.json');
    expect(locate('claude-desktop', windows)).toBe('/C/Roaming/Claude/claude_desktop_config.json');
    expect(locate('zed', windows)).toBe('/C/Roaming/Zed/settings.json');
  });

  it('refuses a scope that the client does not have', () => {
    expect(() => locate('zed', linux, 'project')).toThrow('no settings file for --scope project');
    expect(() => locate('mcp-remote', linux)).toThrow('no settings file of a known place');
  });
});
