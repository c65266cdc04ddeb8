import { describe, expect, it } from 'vitest';
import { createAnonymous } from '../core/principal.ts';
import { cel } from './cel.ts';

describe('cel', () => {
  it('gives a condition', () => {
    const condition = cel('args.path.startsWith("/data/")');
    const about = { principal: createAnonymous([]), target: 'read' };
    expect(condition.test({ ...about, args: new Map([['path', '/data/x']]) })).toBe(true);
    expect(condition.test({ ...about, args: new Map([['path', '/etc/x']]) })).toBe(false);
  });

  it.each(['args.x +', 'args.x + 1', 'nobody.x == 1', 'args.a.all(x, args.b.all(y, x == y))', 5 as never])(
    'throws a TypeError for %s',
    (source) => {
      expect(() => cel(source)).toThrow(TypeError);
    },
  );
});
