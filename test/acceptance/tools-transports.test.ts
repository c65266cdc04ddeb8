import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRunning } from '../fixtures/processes.ts';
import { json } from '../fixtures/raw-http.ts';
import { startSse, textOf, toolCall } from './sse-client.ts';
import { send } from './harness.ts';
import { expectGoneSoon, startToolsSite, untilHanging, TOOLS, type ToolsSite } from './tools-site.ts';

let site: ToolsSite;
beforeAll(async () => void (site = await startToolsSite(undefined, { compat: { rest: true } })));
afterAll(() => site.close());

test('a client of HTTP+SSE lists and calls the same tools, in each revision it may speak', async () => {
  for (const revision of ['2024-11-05', '2025-11-25']) {
    const client = await startSse(site, site.tokens.admin, { revision });
    const { tools } = (await client.ask('tools/list', {}, 1)).result as { tools: { name: string }[] };
    expect(tools.map(({ name }) => name)).toEqual(['echo', 'fail', 'hang']);
    const answer = await client.ask('tools/call', { name: 'echo', arguments: { text: 'over SSE' } }, 2);
    expect(textOf(answer)).toBe('over SSE 1');
    client.stream.leave();
  }
});

test('a client of HTTP+SSE hears of changed tools, and cancels its call within a second', async () => {
  const client = await startSse(site, site.tokens.admin);
  expect((await client.post(toolCall('hang', { label: 'sse' }, 7))).status).toBe(202);
  const pids = await untilHanging(site, 'sse');
  await client.post({ method: 'notifications/cancelled', params: { requestId: 7 } });
  await expectGoneSoon(pids);
  await site.write([TOOLS.echo, TOOLS.hang]);
  await client.stream.until(({ method }) => method === 'notifications/tools/list_changed');
  expect((await client.post(toolCall('hang', { label: 'sse-2' }, 8))).status).toBe(202);
  const others = await untilHanging(site, 'sse-2');
  expect(others.filter(isRunning)).toEqual(others);
  // The end of the stream is the end of the session, and so of its calls.
  client.stream.leave();
  await expectGoneSoon(others);
});

test('plain calls list and call the same tools', async () => {
  const headers = { Accept: 'application/json', 'MCP-Protocol-Version': null, 'Mcp-Method': null, 'Mcp-Name': null };
  const token = site.tokens.admin;
  const list = await send(site, { method: 'GET', target: '/mcp/tools', headers, token });
  expect(json(list)).toMatchObject({ tools: [{ name: 'echo' }, { name: 'hang' }] });
  const body = JSON.stringify({ tool: 'echo', params: { text: 'plain' } });
  const called = await send(site, { target: '/mcp/tools/call', headers, token, body });
  expect(json(called)).toMatchObject({ result: { content: [{ text: 'plain 1' }], isError: false } });
});
