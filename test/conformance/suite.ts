import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Check, SuiteResult } from './compare.ts';

export const specs = ['2025-11-25', '2026-07-28'] as const;
export type Spec = (typeof specs)[number];

// The package exports nothing, so its program can be resolved only beside its manifest.
const program = fileURLToPath(
  new URL('dist/index.js', import.meta.resolve('@modelcontextprotocol/conformance/package.json')),
);

const timeoutMs = 240_000;
const resultDirectory = /^server-(?<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/;
const didNotRun: Check = {
  id: 'scenario',
  name: 'Scenario',
  status: 'FAILURE',
  errorMessage: 'The scenario did not run',
};

function runProgram(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      timeout: timeoutMs,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    // Exit code 1 only says that checks failed; they are read from the files.
    child.once('close', (_code, signal) =>
      signal ? reject(new Error(`stopped by ${signal}: ${output}`)) : resolve(output),
    );
  });
}

async function readChecks(directory: string): Promise<readonly Check[]> {
  try {
    return JSON.parse(await readFile(join(directory, 'checks.json'), 'utf8'));
  } catch {
    return [didNotRun];
  }
}

/** Runs every server scenario that the suite has for `spec`, required or not, against the server at `url`. */
export async function runSuite(url: string, spec: Spec): Promise<SuiteResult> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-conformance-'));
  try {
    const output = await runProgram(['server', '--url', url, '--requirements', spec, '--output-dir', directory]);
    const result = new Map<string, readonly Check[]>();
    for (const entry of (await readdir(directory)).sort()) {
      const scenario = resultDirectory.exec(entry)?.groups?.['scenario'];
      if (scenario !== undefined) result.set(scenario, await readChecks(join(directory, entry)));
    }
    if (result.size === 0) throw new Error(`the suite ran nothing: ${output}`);
    return result;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Has a client scenario of the suite run our client, a command that is given the URL of a server, and gives its checks. */
export async function runClientScenario(scenario: string, command: string): Promise<readonly Check[]> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-conformance-'));
  try {
    const wanted = ['--scenario', scenario, '--command', command, '--timeout', String(clientTimeoutMs)];
    const output = await runProgram(['client', ...wanted, '--output-dir', directory]);
    const found = (await readdir(directory, { recursive: true })).find((entry) => entry.endsWith('checks.json'));
    if (found === undefined) throw new Error(`the suite ran nothing: ${output}`);
    return readChecks(dirname(join(directory, found)));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const clientTimeoutMs = 90_000;
