import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PROGRAM, type Chapter } from './page.ts';
import { freePort } from '../fixtures/free-port.ts';

const run = promisify(execFile);
/** The port that every page uses, for which a free one is taken here. */
const PORT = '3000';
const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, HOME: process.env['HOME'] ?? '' };

/** What a chapter said when it was followed: its program, and each command in turn. */
export interface Played {
  readonly printed: string;
  readonly answers: readonly string[];
}

/** Writes a chapter's files into a folder of its own, on a free port. */
export async function writeChapter(
  folder: string,
  { slug, files }: Chapter,
): Promise<{ folder: string; port: number }> {
  const port = await freePort();
  const own = join(folder, slug);
  mkdirSync(own, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(own, name), text.replaceAll(PORT, String(port)));
  return { folder: own, port };
}

/** Runs the program of a chapter that is written there, and the reader's commands once it listens. */
export async function playChapter(
  chapter: Chapter,
  { folder, port }: { folder: string; port: number },
): Promise<Played> {
  const test = [...chapter.files.keys()].find((file) => file.endsWith('.test.ts'));
  const child = spawn(process.execPath, test === undefined ? [PROGRAM] : ['--test', test], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  let complaints = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const ended = once(child, 'close') as Promise<[number | null]>;
  const commands = chapter.commands.map(({ line }) => line);
  let answers: readonly string[] = [];
  if (commands.length > 0) {
    try {
      await listening(child, port);
      while (usesToken(chapter) && !TOKEN.test(printed)) await once(child.stdout, 'data');
      answers = await follow(commands, { folder, port, printed });
    } finally {
      child.kill('SIGKILL');
    }
  }
  const [code] = await ended;
  if (complaints !== '' || (commands.length === 0 && code !== 0))
    throw new Error(`${chapter.slug} ended with ${code}:\n${complaints}`);
  return {
    printed: withPort(printed.replace(TOKEN, ''), port),
    answers: answers.map((answer) => withPort(answer, port)),
  };
}

/** As the page has it. */
function withPort(text: string, port: number): string {
  return text.replaceAll(String(port), PORT).replaceAll('\r\n', '\n').trimEnd();
}

function usesToken({ files }: Chapter): boolean {
  return files.get(PROGRAM)?.includes('TOKEN=') ?? false;
}

/** A line of the program's that readers do not see: a token for their commands. */
const TOKEN = /^TOKEN=(.*)\n/m;

/** What each command prints, in one shell: what a line sets, the next ones have. */
async function follow(
  commands: readonly string[],
  { folder, port, printed }: { folder: string; port: number; printed: string },
): Promise<readonly string[]> {
  const mark = '\u0000';
  const script = commands.map((line) => `${line.replaceAll(PORT, String(port))}\nprintf '\\0'`).join('\n');
  const token = TOKEN.exec(printed)?.[1] ?? '';
  const { stdout } = await run('/bin/sh', ['-ec', script], { cwd: folder, env: { ...env, TOKEN: token } });
  return stdout.split(mark).slice(0, commands.length);
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await sleep(25);
  }
}
