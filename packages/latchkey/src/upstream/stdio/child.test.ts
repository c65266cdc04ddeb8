import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { Child, toLogLine, type ChildOptions, type ChildEnding } from './child.ts';
import { createWatchdog } from './watchdog.ts';

const watchdog = createWatchdog();
const open: Child[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((child) => child.stop()));
});

interface Seen {
  readonly child: Child;
  readonly lines: string[];
  readonly logs: string[];
  readonly end: Promise<ChildEnding>;
  line(): Promise<string>;
}

function start(script: string, more: Partial<ChildOptions> = {}): Seen {
  const lines: string[] = [];
  const logs: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  const { promise: end, resolve: onEnd } = Promise.withResolvers<ChildEnding>();
  const options: ChildOptions = {
    command: [process.execPath, '-e', script],
    env: { PATH: process.env['PATH'] ?? '' },
    maxLineBytes: 1024 * 1024,
    watchdog,
    log: (_level, text) => void logs.push(text),
    graceMs: 300,
    ...more,
  };
  const child = new Child(options, {
    onLine(line) {
      lines.push(line.toString());
      waiting.shift()?.(line.toString());
    },
    onEnd,
  });
  open.push(child);
  return { child, lines, logs, end, line: () => new Promise((resolve) => waiting.push(resolve)) };
}

/** Processes of a group that still run. (In a container without an init, nobody reaps a killed grandchild.) */
function group(pgid: number): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || !existsSync(`/proc/${pid}/stat`)) return false;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state, , inGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state !== 'Z' && Number(inGroup) === pgid;
    } catch {
      return false;
    }
  });
}

describe.skipIf(process.platform === 'win32')('Child', { timeout: 30_000 }, () => {
  it('gives the program its arguments exactly', async () => {
    const args = ['a b', '$(touch x)', '`id`', '"; rm -rf /', '*', '', '--', 'é\n'];
    const { line } = start('', {
      command: [process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...args],
    });
    expect(JSON.parse(await line())).toEqual(args);
  });

  it.skipIf(process.platform !== 'linux')('gives the program no other environment than it is told to', async () => {
    const { child, line } = start('console.log(1); setInterval(() => {}, 1000)', { env: { ONLY: 'this' } });
    await line();
    expect(readFileSync(`/proc/${child.pid}/environ`, 'utf8').split('\0').filter(Boolean)).toEqual(['ONLY=this']);
  });

  it('sends lines in order and tells of the end with its reason', async () => {
    const { child, lines, end } = start(
      "process.stdin.on('data', (d) => process.stdout.write(d)); process.stdin.on('end', () => process.exit(4))",
    );
    for (let i = 0; i < 50; i += 1) child.send(Buffer.from(`${i}\n`));
    await expect.poll(() => lines.length).toBe(50);
    expect(lines).toEqual(Array.from({ length: 50 }, (_, i) => String(i)));
    process.kill(child.pid, 'SIGKILL');
    expect(await end).toEqual({ kind: 'exited', detail: 'signal SIGKILL' });
    expect(child.alive).toBe(false);
  });

  it('hears what was written just before an exit', async () => {
    const { lines, end } = start("process.stdout.write('last\\n', () => process.exit(0))");
    expect(await end).toEqual({ kind: 'exited', detail: 'exit code 0' });
    expect(lines).toEqual(['last']);
  });

  it('tells that a program is not there', async () => {
    const { end } = start('', { command: ['/nowhere/program'] });
    expect(await end).toMatchObject({ kind: 'not-started', cause: { code: 'ENOENT' } });
  });

  it('refuses more input than a child that does not read may be owed', async () => {
    const { child } = start('setInterval(() => {}, 1000)');
    const line = Buffer.alloc(1024 * 1024, 0x61);
    let sent = 0;
    while (sent < 40 && child.send(line)) {
      sent += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeGreaterThan(10);
    expect(sent).toBeLessThan(20);
  });

  it('ends a child whose line never ends, within bounded memory', async () => {
    const script =
      "const part = 'x'.repeat(1 << 20); let left = 100; (function go() { while (left-- > 0) if (!process.stdout.write(part)) return process.stdout.once('drain', go); })(); setInterval(() => {}, 1000)";
    global.gc?.();
    const before = process.memoryUsage().rss;
    const { child, end } = start(script, { maxLineBytes: 4 * 1024 * 1024 });
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 5);
    expect(await end).toEqual({ kind: 'too-large' });
    await child.stop();
    clearInterval(watch);
    expect(group(child.pid)).toEqual([]);
    expect(peak - before).toBeLessThan(60 * 1024 * 1024);
  });

  it('ends the whole group, also what ignores SIGTERM and a closed input', async () => {
    const grandchild = "process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000)";
    const script = `process.on('SIGTERM', () => {}); require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: ['ignore', 'inherit', 'ignore'] }); setInterval(() => {}, 1000)`;
    const { child, line } = start(script);
    expect(await line()).toBe('ready');
    expect(group(child.pid)).toHaveLength(2);
    await child.stop();
    expect(group(child.pid)).toEqual([]);
  });

  it('ends what a dead child left behind', async () => {
    const script = `const c = require('node:child_process').spawn(process.execPath, ['-e', "console.log('ready'); setInterval(() => {}, 1000)"], { stdio: ['ignore', 'inherit', 'ignore'] }); setTimeout(() => {}, 1e6)`;
    const { child, line, end } = start(script);
    await line();
    process.kill(child.pid, 'SIGKILL');
    expect(await end).toMatchObject({ kind: 'exited' });
    await expect.poll(() => group(child.pid), { timeout: 3000 }).toEqual([]);
  });

  it('leaves no zombies after 100 lives', async () => {
    const pids: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const lives = Array.from({ length: 10 }, () => start('', { command: ['/bin/sh', '-c', 'exit 0'] }));
      pids.push(...lives.map(({ child }) => child.pid));
      await Promise.all(lives.map(({ end }) => end));
      await Promise.all(lives.map(({ child }) => child.stop()));
    }
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });

  it('logs what the child says on stderr, line by line', async () => {
    const { logs, end } = start("process.stderr.write('one\\ntwo\\u001b[31m\\n' + 'x'.repeat(9000))");
    await end;
    await expect.poll(() => logs.length).toBe(3);
    expect(logs.slice(0, 2)).toEqual(['one', 'two\\u001b[31m']);
    expect(logs[2]?.length).toBeLessThan(4200);
  });
});

describe('toLogLine', () => {
  it('shows controls instead of doing what they say', () => {
    expect(toLogLine('a\u0007\u202e\u2028b\r')).toBe('a\\u0007\\u202e\\u2028b');
  });
});
