import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { runLatchkey, type Ended } from '../fixtures/latchkey.ts';

export interface Report {
  readonly ok: boolean;
  readonly complete: boolean;
  readonly token: string | null;
  readonly server: string | null;
  readonly revisions: readonly string[];
  readonly summary: Readonly<Record<string, number>>;
  readonly findings: readonly {
    readonly id: string;
    readonly verdict: string;
    readonly saw: string;
    readonly why: string;
    readonly source: string;
    readonly advice: string | null;
  }[];
}

/** Runs `latchkey check` to its end. */
export function check(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return runLatchkey(['check', ...args], env, 50_000);
}

interface ReportOptions {
  readonly token?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What `latchkey check --json` says of a server; its exit code must fit that. */
export async function report(
  url: string,
  { token = '', args = [], env = {} }: ReportOptions = {},
): Promise<Report & { readonly code: number | null }> {
  const { code, stdout, stderr } = await check([url, '--json', ...args], { ...env, LATCHKEY_CHECK_TOKEN: token });
  const parsed = JSON.parse(stdout) as Report;
  expect([stderr, code]).toEqual(['', parsed.ok ? 0 : 1]);
  expect(stdout).not.toContain(token === '' ? 'LATCHKEY' : token);
  return { code, ...parsed };
}

export function idsOf({ findings }: Report, verdict: string): readonly string[] {
  return findings.filter((finding) => finding.verdict === verdict).map(({ id }) => id);
}

export function findingOf({ findings }: Report, id: string): Report['findings'][number] | undefined {
  return findings.find((finding) => finding.id === id);
}

interface Place {
  /** A folder of this test's own. */
  readonly folder: string;
  /** Has something closed when the test is over. */
  closeAfter<Closable extends { close(): Promise<void> }>(closable: Closable): Closable;
}

/** A place for each test of the file, cleared up after it. */
export function usePlace(): Place {
  let folder = '';
  const closing: (() => Promise<void>)[] = [];
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'latchkey-check-'))));
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    await rm(folder, { recursive: true });
  });
  return {
    get folder() {
      return folder;
    },
    closeAfter(closable) {
      closing.push(() => closable.close());
      return closable;
    },
  };
}
