import { describe, expect, it } from 'vitest';
import { requireConfig } from '../../config/load-config.ts';
import { writeTemplate } from './template.ts';

const read = (text: string) => requireConfig({ text, env: {} }).config.servers[0];

describe('writeTemplate', () => {
  it('writes what the loader takes, with strange words as they are', () => {
    const command = ['a b', '"q"', '#x', '\u00e9: {', '*'];
    for (const rules of [true, false]) {
      const server = read(writeTemplate({ command, rules }));
      expect(server?.upstream).toMatchObject({ kind: 'stdio', command: 'a b', args: command.slice(1) });
      expect(server?.policy.empty).toBe(!rules);
    }
  });

  it('says that plain http may leave the machine only where it does', () => {
    expect(read(writeTemplate({ url: 'http://10.0.0.1/mcp', rules: true }))?.upstream).toMatchObject({
      url: 'http://10.0.0.1/mcp',
    });
    expect(writeTemplate({ url: 'http://127.0.0.1:3000/mcp', rules: true })).not.toContain('insecure');
    expect(writeTemplate({ url: 'https://a.example/mcp', rules: true })).not.toContain('insecure');
  });
});
