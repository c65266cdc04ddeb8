import { describe, expect, it } from 'vitest';
import { createUnansweredLists } from './unanswered-lists.ts';

describe('createUnansweredLists', () => {
  it('knows the ids of lists that were asked for, until each was answered', () => {
    const lists = createUnansweredLists();
    expect(lists.mayAnswer('7')).toBe(false);
    lists.ask('7');
    lists.ask('7');
    lists.answered('7');
    expect([lists.mayAnswer('7'), lists.mayAnswer('8')]).toEqual([true, false]);
    lists.answered('7');
    lists.answered('7');
    expect(lists.mayAnswer('7')).toBe(false);
  });

  it('takes ids for one that some server may take for one', () => {
    const lists = createUnansweredLists();
    lists.ask('7');
    lists.ask('"a"');
    lists.ask('10000000000000000000000');
    const same = ['7.0', '70e-1', '"7"', String.raw`"\u0037"`, String.raw`"\u0061"`, '"10000000000000000000000"'];
    expect(same.filter((id) => !lists.mayAnswer(id))).toEqual([]);
    expect(['"A"', '8', '"b"', '-7'].filter((id) => lists.mayAnswer(id))).toEqual([]);
  });

  it('takes any id for one of theirs when a hundred are not answered', () => {
    const lists = createUnansweredLists();
    for (let id = 0; id < 100; id += 1) lists.ask(String(id));
    expect(lists.mayAnswer('1000')).toBe(false);
    lists.ask('100');
    for (let id = 0; id <= 100; id += 1) lists.answered(String(id));
    expect(lists.mayAnswer('1000')).toBe(true);
  });
});
