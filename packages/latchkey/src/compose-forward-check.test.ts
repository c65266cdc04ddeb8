import { describe, expect, it } from 'vitest';
import { checkForwardAuth } from './compose-forward-check.ts';
import { requireConfig } from './config/load-config.ts';
import { LatchkeyError } from './core/error.ts';

const GOOD = {
  publicUrl: 'https://mcp.example',
  forwardAuth: { proxy: 'nginx', bodyChecked: true },
  tools: { echo: { scopes: ['file:read'] } },
};
function check(change: object): readonly [string, string] {
  const text = JSON.stringify({ ...GOOD, ...change });
  try {
    checkForwardAuth(requireConfig({ file: 'latchkey.yaml', text, env: {} }).config);
    return ['', ''];
  } catch (error) {
    return [(error as LatchkeyError).code, (error as LatchkeyError).message];
  }
}
const unruled = { proxy: 'nginx', scopes: ['read'] };

describe('checkForwardAuth', () => {
  it('takes what headers can keep', () => {
    expect(check({})[0]).toBe('');
    expect(check({ tools: {}, forwardAuth: { proxy: 'envoy' } })[0]).toBe('');
    expect(check({ tools: {}, forwardAuth: unruled, protocol: 'legacy' })[0]).toBe('');
  });

  it.each([
    ['no proxy', { forwardAuth: undefined }, 'E_FORWARD_AUTH', 'no proxy'],
    ['no public URL', { publicUrl: undefined }, 'E_PUBLIC_URL', 'URL'],
    ['no authentication', { publicUrl: 'http://127.0.0.1:1', auth: { enabled: false } }, 'E_AUTH_OFF', 'off'],
    ['rules before who checks nothing', { forwardAuth: { proxy: 'nginx' } }, 'E_FORWARD_AUTH', 'against the body'],
    ['a condition', { tools: { echo: { when: 'args.x == 1' } } }, 'E_FORWARD_AUTH', 'echo'],
    ['a hidden tool', { tools: { echo: { hidden: true } } }, 'E_FORWARD_AUTH', 'echo'],
    ['rules for old clients', { protocol: 'legacy' }, 'E_FORWARD_AUTH', 'protocol: legacy'],
    ['rules and scopes', { forwardAuth: unruled }, 'E_FORWARD_AUTH', 'in place of them'],
    ['pins', { pin: 'block' }, 'E_FORWARD_AUTH', 'pin: block'],
    [
      'sign-in at the gateway',
      { auth: { issuers: { idp: { issuer: 'https://idp.example', authorizationProxy: 'on' } } } },
      'E_FORWARD_AUTH',
      'idp',
    ],
  ])('takes no configuration with %s', (_what, change, code, words) => {
    expect(check(change)).toEqual([code, expect.stringContaining(words)]);
  });
});
