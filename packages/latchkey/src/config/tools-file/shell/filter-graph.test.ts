import { describe, expect, it } from 'vitest';
import { parameter } from '../../../../../../test/fixtures/declared-tool.ts';
import { secureScript } from './script.ts';

const SCRIPT = 'ffmpeg -i a.mp4 -vf "scale={{x}}:-1" b.mp4';

const judge = (more: Parameters<typeof parameter>[1]) => secureScript(SCRIPT, [parameter('x', more)], 'bash').refusals;

describe('secureScript', () => {
  it('takes a number, or a word of a list, in a filter graph, as its message says, and no other text', () => {
    expect(judge({})).not.toEqual([]);
    expect(judge({ type: 'integer' })).toEqual([]);
    expect(judge({ allowed: ['320', '640'] })).toEqual([]);
  });
});
