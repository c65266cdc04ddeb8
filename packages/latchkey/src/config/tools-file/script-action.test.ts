import { describe, expect, it } from 'vitest';
import { LatchkeyError } from '../../core/error.ts';
import { parseToolsFile } from './load-tools-file.ts';

const ENV = { SHELL: '/bin/bash', HOME: '/home/ana' };

/** What is wrong with a file of these scripts, each with a parameter x. */
function problems(...scripts: readonly string[]): readonly string[] {
  const tools = scripts.map(
    (script, at) => `{name: t${at}, description: d, parameters: [{name: x}], script: ${script}}`,
  );
  try {
    parseToolsFile(`tools: [${tools.join(', ')}]`, {
      file: 'gantz.yaml',
      env: ENV,
      directory: '/srv/app',
      platform: 'linux',
    });
    return [];
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    return error.message.split('\n');
  }
}

const shell = (text: string, directory = '.'): string => JSON.stringify({ shell: text, working_dir: directory });
const command = (name: string, ...args: readonly string[]): string => JSON.stringify({ command: name, args });
const WRITES = shell('echo {{x}} > jobs/run.sh');

describe('createScriptAction', () => {
  it.each([
    shell('sh jobs/run.sh'),
    shell('. ./jobs/run.sh'),
    shell('jobs/run.sh'),
    shell('sh /srv/app/jobs/run.sh'),
    shell('sh run.sh', 'jobs'),
    shell('f=jobs/run.sh; bash "$f"'),
    shell('eval "$(cat jobs/run.sh)"'),
    shell('BASH_ENV=jobs/run.sh bash -c date'),
    shell("bash -c '. jobs/run.sh'"),
    shell('cat jobs/run.sh | sh'),
    command('sh', 'jobs/run.sh'),
    command('jobs/run.sh'),
    command('sh', '-c', '. jobs/run.sh'),
    command('node', '--require=./jobs/run.sh', 'a.js'),
  ])('refuses %s, which runs what another tool writes', (runs) => {
    expect(problems(WRITES, runs)).toHaveLength(1);
    expect(problems(runs, WRITES)).toHaveLength(1);
  });

  it('knows a file in the home folder too', () => {
    expect(problems(shell('echo {{x}} > ~/run.sh'), shell('sh "$HOME/run.sh"'))).toHaveLength(1);
  });

  it.each([
    shell('sh jobs/other.sh'),
    shell('sh other/run.sh'),
    shell('sh run.sh'),
    shell('sh jobs/run.sh', 'elsewhere'),
    shell('cat jobs/run.sh; grep -c a jobs/run.sh'),
    shell('cd other; sh jobs/run.sh'),
    command('cat', 'jobs/run.sh'),
    command('sh', 'other/run.sh'),
  ])('takes %s', (other) => {
    expect(problems(WRITES, other)).toEqual([]);
  });

  it('takes a file into which only numbers and words of the file are written', () => {
    const writes = shell('date > jobs/run.sh; echo {{x}}');
    expect(problems(writes, shell('sh jobs/run.sh'))).toEqual([]);
  });
});
