import { describe, expect, it } from 'vitest';
import { METHODS } from './methods.ts';
import type { Era } from './revision.ts';

const subjectsOf = (era: Era, ...methods: string[]) => methods.map((method) => METHODS[era].get(method));

const sentBy = (era: Era) =>
  [...METHODS[era].keys()].filter((method) => method.startsWith('notifications/')).toSorted();

describe('METHODS', () => {
  const both = ['modern', 'legacy'] as const;

  it.each(both)('judges %s methods by what they name', (era) => {
    expect(
      subjectsOf(era, 'tools/call', 'prompts/get', 'resources/read', 'completion/complete', 'subscriptions/listen'),
    ).toEqual(['tool', 'prompt', 'resource', 'reference', 'subscriptions']);
  });

  it.each(both)('lets %s callers ask for lists, which are filtered instead', (era) => {
    const lists = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'server/discover'];
    expect(subjectsOf(era, ...lists)).toEqual(lists.map(() => 'nothing'));
  });

  it('has sessions, pings and subscriptions of one resource only in the legacy era', () => {
    const handshake = ['initialize', 'ping', 'logging/setLevel', 'notifications/initialized'];
    const subscribing = ['resources/subscribe', 'resources/unsubscribe'];
    expect(subjectsOf('legacy', ...handshake, ...subscribing)).toEqual([
      ...handshake.map(() => 'nothing'),
      ...subscribing.map(() => 'resource'),
    ]);
    expect(subjectsOf('modern', ...handshake, ...subscribing).filter((subject) => subject !== undefined)).toEqual([]);
  });

  it('takes the notifications that a client of each era may send, and none that only servers send', () => {
    expect(sentBy('modern')).toEqual(['notifications/cancelled', 'notifications/progress']);
    expect(sentBy('legacy')).toEqual([
      'notifications/cancelled',
      'notifications/initialized',
      'notifications/progress',
      'notifications/roots/list_changed',
    ]);
    const known = [...METHODS.modern, ...METHODS.legacy].filter(([method]) => method.startsWith('notifications/'));
    expect(new Set(known.map(([, subject]) => subject))).toEqual(new Set(['nothing']));
  });

  it('has no task methods, since a task is anyone’s who knows its id', () => {
    for (const era of both)
      expect([...METHODS[era].keys()].filter((method) => method.startsWith('tasks/'))).toEqual([]);
  });
});
