import { describe, expect, it } from 'vitest';
import { requireConfig } from '../../config/load-config.ts';
import { describeUpstream } from './describe-upstream.ts';

const SECRET = 'sk-secret-0123456789';

function describeFirst(upstream: object): string {
  const { config } = requireConfig({ text: JSON.stringify({ upstream }), env: {} });
  return describeUpstream(config, config.servers[0]?.name ?? '');
}

describe('describeUpstream', () => {
  it.each([
    [['npx', '-y', 'some-server', '--api-key', SECRET], 'npx some-server (stdio)'],
    [['/usr/bin/python3', '-m', 'some_server', SECRET], '/usr/bin/python3 some_server (stdio)'],
    [['node', '--import', SECRET, 'server.js'], 'node (stdio)'],
    [['./my-server', '--api-key', SECRET], './my-server (stdio)'],
    [['./my-server', SECRET], './my-server (stdio)'],
    [['env', `API_KEY=${SECRET}`, 'node', 'server.js'], 'env (stdio)'],
  ])('says of %j what runs, and no argument that may be private', (command, said) => {
    expect(describeFirst({ command })).toBe(said);
  });

  it('says the URL of a server without its query', () => {
    expect(describeFirst({ url: `https://mcp.example.com/mcp?api_key=${SECRET}` })).toBe(
      'https://mcp.example.com/mcp (http)',
    );
  });
});
