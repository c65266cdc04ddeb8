import { describe, expect, it } from 'vitest';
import { toRule } from '../../../../../test/fixtures/rule.ts';
import { person, stageGateway } from '../../../../../test/fixtures/stages.ts';
import { createPolicy } from '../../core/create-policy.ts';
import { createAnonymous } from '../../core/principal.ts';
import { FOLD_URI } from '../../core/resource-uri.ts';
import type { Exchange, ProtectedServer } from '../exchange.ts';
import { authorizeStage } from './authorize.ts';

const policy = createPolicy(
  {
    tools: [toRule('get_*'), toRule('get_secret', { hidden: true }), toRule('barred', { hidden: true, deny: true })],
    resources: [],
    prompts: [toRule('get_*'), toRule('get_secret', { hidden: true })],
    methods: [],
    implies: new Map(),
    list: 'callable',
  },
  FOLD_URI,
);

function authorize(message: object, pin: ProtectedServer['pin'] = 'off', exchange: Partial<Exchange> = {}) {
  const gateway = stageGateway({ server: { policy, pin } });
  return authorizeStage(gateway.state).run(gateway.exchange({ message: { id: 1, ...message }, with: exchange }));
}

const call = (name: string) => ({ method: 'tools/call', params: { name } });

describe('authorizeStage', () => {
  it('holds the message against the rules of its server', () => {
    expect(authorize(call('get_file'))).toBeNull();
    expect(authorize(call('delete'))).toMatchObject({ reason: 'policy-no-rule' });
    expect(authorize(call('get_file'), 'block')).toBeNull();
    expect(authorize(call('delete'), 'block')).toEqual(authorize(call('delete')));
  });

  it('refuses where nobody asks, or no server is asked', () => {
    expect(authorize(call('get_file'), 'off', { server: null })).toEqual({ reason: 'internal' });
    expect(authorize(call('get_file'), 'off', { principal: null })).toEqual({ reason: 'internal' });
  });

  it('refuses what is hidden', () => {
    for (const principal of [person('alice'), createAnonymous([])])
      expect(authorize(call('get_secret'), 'off', { principal })).toEqual({ reason: 'policy-hidden' });
    expect(authorize(call('barred'))).toMatchObject({ reason: 'policy-hidden', shownAs: 'policy-no-rule' });
  });

  it('tells of a hidden tool what is told of one that is not there, where only accepted tools may be called', () => {
    expect(authorize(call('get_secret'), 'block')).toEqual({ reason: 'policy-hidden', shownAs: 'policy-definition' });
    expect(authorize(call('get_secret'), 'alert')).toEqual({ reason: 'policy-hidden' });
    expect(authorize(call('barred'), 'block')).toMatchObject({ shownAs: 'policy-no-rule' });
    const prompt = { method: 'prompts/get', params: { name: 'get_secret' } };
    expect(authorize(prompt, 'block')).toEqual({ reason: 'policy-hidden' });
  });
});
