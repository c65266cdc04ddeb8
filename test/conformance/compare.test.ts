import { describe, expect, it } from 'vitest';
import { compareRuns, isLoss, tallyRun, type Check } from './compare.ts';

const check = (id: string, status: Check['status']): Check => ({ id, name: id.toUpperCase(), status });
const run = (...checks: Check[]) => new Map([['scenario', checks]]);
const loss = (direct: Check['status'], gateway: Check['status']) =>
  compareRuns(run(check('a', direct)), run(check('a', gateway))).some(isLoss);

describe('compareRuns', () => {
  it('finds nothing where every status is the same', () => {
    expect(compareRuns(run(check('a', 'SUCCESS')), run(check('a', 'SUCCESS')))).toEqual([]);
  });

  it('tells checks of the same id apart by their place', () => {
    const direct = run(check('a', 'SUCCESS'), check('a', 'SUCCESS'));
    const gateway = run(check('a', 'SUCCESS'), check('a', 'FAILURE'));
    expect(compareRuns(direct, gateway)).toMatchObject([{ check: 'a (A) #2', direct: 'SUCCESS', gateway: 'FAILURE' }]);
  });

  it('reports a scenario that was not run as absent', () => {
    expect(compareRuns(run(check('a', 'SUCCESS')), new Map())).toMatchObject([{ gateway: 'absent' }]);
  });

  it('passes over notes about single events', () => {
    expect(compareRuns(run(), run(check('incoming-sse-event', 'INFO')))).toEqual([]);
  });
});

describe('isLoss', () => {
  it('is a pass that is gone, and a failure that was not there', () => {
    expect(loss('SUCCESS', 'INFO')).toBe(true);
    expect(loss('WARNING', 'FAILURE')).toBe(true);
    expect(compareRuns(run(), run(check('a', 'FAILURE'))).some(isLoss)).toBe(true);
  });

  it('is not a gain', () => {
    expect(loss('FAILURE', 'SUCCESS')).toBe(false);
    expect(loss('INFO', 'SUCCESS')).toBe(false);
  });
});

describe('tallyRun', () => {
  it('counts checks, and scenarios without a failure', () => {
    const result = new Map([
      ['one', [check('a', 'SUCCESS'), check('b', 'INFO')]],
      ['two', [check('a', 'SUCCESS'), check('b', 'FAILURE')]],
    ]);
    expect(tallyRun(result)).toEqual({ scenarios: 2, cleanScenarios: 1, passed: 2, failed: 1 });
  });
});
