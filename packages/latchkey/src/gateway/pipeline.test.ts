import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stageGateway } from '../../../../test/fixtures/stages.ts';
import { createPipeline } from './pipeline.ts';

const root = new URL('../../../../', import.meta.url);

describe('createPipeline', () => {
  it('has the stages in the order that CONTRIBUTING.md gives, one file each', () => {
    const named = /lists the stages, one file each: ([a-z, -]+)\./.exec(
      readFileSync(new URL('CONTRIBUTING.md', root), 'utf8'),
    );
    const stages = createPipeline(stageGateway().state).map(({ name }) => name);
    expect(stages).toEqual(named?.[1]?.split(', '));
    const files = readdirSync(new URL('stages/', import.meta.url)).filter((file) => !file.endsWith('.test.ts'));
    expect(files.map((file) => file.replace(/\.ts$/, ''))).toEqual(stages.toSorted());
  });
});
