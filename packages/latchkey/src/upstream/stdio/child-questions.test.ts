import { beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../core/log.ts';
import { ChildQuestions } from './child-questions.ts';
import { hearServerLine, type ServerLine } from './server-line.ts';

const ignore: Log = () => {};
const lineOf = (method: string, params?: object): ServerLine =>
  hearServerLine(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })), ignore) as ServerLine;

describe('ChildQuestions', () => {
  let questions: ChildQuestions;
  const keys = () => questions.open.map(({ key }) => key);

  beforeEach(() => {
    questions = new ChildQuestions(new Set(['roots', 'elicitation']));
  });

  it('takes what the client declared, word for word, and nothing else', () => {
    expect(questions.add(lineOf('elicitation/create', { message: 'a' }), '7')).toBe(true);
    expect(questions.add(lineOf('roots/list'), '"x"')).toBe(true);
    for (const method of ['sampling/createMessage', 'elicitation/other', 'tools/call'])
      expect(questions.add(lineOf(method), '8')).toBe(false);
    expect(questions.open).toEqual([
      { key: 'q1', id: '7', method: 'elicitation/create', params: '{"message":"a"}' },
      { key: 'q2', id: '"x"', method: 'roots/list', params: null },
    ]);
  });

  it('takes sixteen at a time, and never the same key again', () => {
    for (let at = 0; at < 16; at += 1) expect(questions.add(lineOf('roots/list'), `${at}`)).toBe(true);
    expect(questions.add(lineOf('roots/list'), '16')).toBe(false);
    questions.remove('0');
    expect(questions.add(lineOf('roots/list'), '17')).toBe(true);
    expect(keys()).toEqual([...Array.from({ length: 15 }, (_, at) => `q${at + 2}`), 'q17']);
  });

  it('gives out those that were answered, and keeps the others', () => {
    for (const id of ['1', '2', '3']) questions.add(lineOf('roots/list'), id);
    expect(questions.takeAnswered({ q1: {}, q3: {}, q9: {} }).map(({ id }) => id)).toEqual(['1', '3']);
    expect(questions.takeAnswered(Object.create({ q2: {} }) as Record<string, unknown>)).toEqual([]);
    expect(keys()).toEqual(['q2']);
  });

  it('gives out all that are left', () => {
    for (const id of ['1', '2']) questions.add(lineOf('roots/list'), id);
    expect(questions.takeAll().map(({ id }) => id)).toEqual(['1', '2']);
    expect(questions.open).toEqual([]);
  });
});
