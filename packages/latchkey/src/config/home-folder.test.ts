import { homedir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { findHome } from './home-folder.ts';

const NAME = process.platform === 'win32' ? 'USERPROFILE' : 'HOME';
const own = homedir();

const missing = () => {
  throw new Error('ENOENT');
};

describe('findHome', () => {
  it('takes the environment’s word where that is an absolute path, else the system’s', () => {
    expect(findHome({ env: { [NAME]: '/home/ann' }, instead: '' })).toBe('/home/ann');
    for (const home of [undefined, '', 'ann', './ann', '~', ' /home/ann'])
      expect(findHome({ env: { [NAME]: home }, instead: '' })).toBe(own);
  });

  it('says what to set where nobody knows one', () => {
    for (const system of [missing, () => '', () => 'relative'])
      expect(() => findHome({ env: { [NAME]: 'ann' }, instead: 'give --store', system })).toThrow(
        expect.objectContaining({
          code: 'E_USAGE',
          message: expect.stringContaining(NAME),
          hint: expect.stringContaining('give --store'),
        }),
      );
  });
});
