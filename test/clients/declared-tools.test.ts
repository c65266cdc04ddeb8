import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { isRunning } from '../fixtures/processes.ts';
import { officialClients } from './official-clients.ts';

const TOOLS = `
name: declared
version: 1.0.0
tools:
  - name: greet
    description: Greets somebody
    parameters:
      - { name: who, type: string, required: true }
      - { name: times, type: integer, default: 2 }
    script:
      shell: |
        for i in $(seq "$GANTZ_ARG_TIMES"); do echo "Hello, {{who}}"; done
  - name: linger
    description: Waits to be cancelled
    parameters:
      - { name: label, type: string, required: true }
    script:
      shell: |
        trap '' TERM
        echo "{{label}} $$" >> journal
        sleep 100
`;

let folder: string;
let gateway: Latchkey;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-declared-'));
  await writeFile(join(folder, 'gantz.yaml'), TOOLS);
  gateway = await startLatchkey({ args: ['--tools', join(folder, 'gantz.yaml')] });
});
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true });
});

/** The processes that wrote down a label. */
function processesOf(label: string): readonly number[] {
  const file = join(folder, 'journal');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return lines.filter((line) => line.startsWith(`${label} `)).map((line) => Number(line.split(' ').at(-1)));
}

describe('the gateway on a file of declared tools', () => {
  it.each(officialClients)('lets $name list and call them', async (client) => {
    const session = await client.connect(gateway.url, { token: gateway.token });
    expect(session.era).toBe(client.prefers);
    expect(await session.listTools()).toEqual(['greet', 'linger']);
    expect(await session.callTool('greet', { who: 'Żółw 🐢 $(id) "`"' })).toBe(
      'Hello, Żółw 🐢 $(id) "`"\nHello, Żółw 🐢 $(id) "`"',
    );
    expect(await session.callTool('greet', { who: 'you', times: 1 })).toBe('Hello, you');
    expect(await session.callTool('greet', { times: 'many' })).toMatch(/who[^]*times/);
    await session.close();
  });

  it.each(officialClients)('lets $name cancel one call, and no other', async (client) => {
    const session = await client.connect(gateway.url, { token: gateway.token });
    const [kept, dropped] = [new AbortController(), new AbortController()];
    const labels = [`${client.name}: kept`, `${client.name}: dropped`] as const;
    const other = session.callTool('linger', { label: labels[0] }, { signal: kept.signal });
    const call = session.callTool('linger', { label: labels[1] }, { signal: dropped.signal });
    other.catch(() => undefined);
    call.catch(() => undefined);
    for (const label of labels) await expect.poll(() => processesOf(label)).toHaveLength(1);
    dropped.abort();
    await expect(call).rejects.toThrow('abort');
    await expect.poll(() => processesOf(labels[1]).filter(isRunning), { timeout: 1000, interval: 10 }).toEqual([]);
    expect(processesOf(labels[0]).filter(isRunning)).toHaveLength(1);
    kept.abort();
    await expect(other).rejects.toThrow('abort');
    await session.close();
  });
});
