import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Engine } from './processes.ts';

/** Runs `body` in another process, with `store` open and `say(text)` to tell this one a line. */
export function startChild(engine: Engine, location: string, body: string) {
  const script = `
    const { openStore } = await import(${JSON.stringify(engine.module.href)});
    const store = await openStore(${JSON.stringify(location)});
    const say = (text) => process.stdout.write(text + '\\n');
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const said = new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.once('exit', (code) => reject(new Error(`the child ended with ${code} before it said anything`)));
  });
  return {
    said,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
