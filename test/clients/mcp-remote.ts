import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { onTestFinished } from 'vitest';
import { createBrowser, type Browser } from '../fixtures/browser.ts';
import { textOf } from './session.ts';

/** The published bridge, from a client that speaks stdio only to the gateway, with a person beside it. */
export interface McpRemote {
  callTool(name: string, args: Record<string, unknown>): Promise<string>;
  listTools(): Promise<string[]>;
  /** What it said on stderr. */
  talk(): string;
  close(): Promise<void>;
}

const program = fileURLToPath(import.meta.resolve('mcp-remote/dist/proxy.js'));
const mostTries = 100;
const triesEveryMs = 100;
/** Less than a test may take, so that what it said is seen when it does not answer. */
const patience = { timeout: 25_000 };
const authorizationUrl = /visiting:?\s+(http\S+)/g;

// Below those that the system gives out: mcp-remote that finds its own in use signs in at another, and steps up at its own.
const callbackPort = (url: string): string => String(20_000 + (Number(new URL(url).port) % 10_000));

// It prints the URL first and listens for the answer a moment later, which no person is too quick for.
async function approve(browser: Browser, url: string): Promise<void> {
  const callback = await browser.signIn(url);
  for (let tries = 0; ; tries += 1) {
    const answered = await fetch(callback).catch((error: unknown) => {
      if (tries === mostTries) throw error;
      return null;
    });
    if (answered !== null) return;
    await sleep(triesEveryMs);
  }
}

/** Starts it with a folder of its own for what it keeps; the person opens whatever it prints. */
export async function startMcpRemote(url: string, folder?: string): Promise<McpRemote> {
  const own = folder ?? (await mkdtemp(join(tmpdir(), 'latchkey-mcp-remote-')));
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [program, url, callbackPort(url), '--transport', 'http-only'],
    // No window opens on the machine of whoever runs the tests.
    env: { ...getDefaultEnvironment(), MCP_REMOTE_CONFIG_DIR: own, BROWSER: '/bin/true' },
    stderr: 'pipe',
  });
  const browser = createBrowser();
  const opened = new Set<string>();
  let talk = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    talk += chunk.toString();
    for (const [, wanted = ''] of talk.matchAll(authorizationUrl)) {
      if (opened.has(wanted)) continue;
      opened.add(wanted);
      void approve(browser, wanted).catch((error: unknown) => void (talk += String(error)));
    }
  });
  const fail = (error: unknown): never => {
    throw new Error(`mcp-remote said:\n${talk}`, { cause: error });
  };
  const client = new Client({ name: 'test', version: '1.0.0' });
  const close = async (): Promise<void> => {
    await client.close();
    if (folder === undefined) await rm(own, { recursive: true, force: true });
  };
  // One that is left running holds the callback's port, and whatever is started next waits for its sign-in.
  onTestFinished(close);
  await client.connect(transport, patience).catch(fail);
  return {
    callTool: (name, args) => client.callTool({ name, arguments: args }, undefined, patience).then(textOf, fail),
    listTools: () => client.listTools(undefined, patience).then(({ tools }) => tools.map(({ name }) => name), fail),
    talk: () => talk,
    close,
  };
}
