import { describe, expect, it } from 'vitest';
import { toChangeLine } from './change-line.ts';
import { toCredentialChange } from './credential-change.ts';
import { toPinChange } from './pin-change.ts';
import type { CredentialRecord } from './store.ts';

const subject: CredentialRecord = {
  id: 'c2',
  family: 'c1',
  kind: 'token',
  name: 'deploy',
  owner: null,
  scopes: ['file:read'],
  servers: null,
  createdAt: 0,
  expiresAt: 1_780_000_000_000,
  revokedAt: null,
  rotatedAt: null,
  lastUsedAt: null,
  uses: 0,
  hint: 'lk_abcd',
};
const at = Date.parse('2026-06-01T12:00:00Z');
const lineOf = (more: Partial<CredentialRecord>) =>
  toChangeLine({
    ...toCredentialChange({ at, verb: 'rotate', subject: { ...subject, ...more }, ended: ['c1'] }),
    actor: 'user:root',
  });

describe('toChangeLine', () => {
  it('says who did what to which credential, and until when it lives', () => {
    expect(JSON.parse(lineOf({}))).toMatchObject({
      time: '2026-06-01T12:00:00.000Z',
      principal: 'user:root',
      method: 'token rotate',
      target: 'deploy',
      decision: 'allow',
      change: { id: 'c2', family: 'c1', scopes: ['file:read'], expiresAt: '2026-05-28T20:26:40.000Z', ended: ['c1'] },
    });
    expect(JSON.parse(lineOf({ expiresAt: null }))).toMatchObject({ change: { expiresAt: null } });
  });

  it('is one line without a control character, and holds nothing of the credential itself', () => {
    const line = lineOf({ name: 'a\u009bb\u2028c"\n' });
    // oxlint-disable-next-line no-control-regex
    expect(line).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*\n$/);
    expect(JSON.parse(line)).toMatchObject({ target: 'a\u009bb\u2028c"\n' });
    expect(line).not.toContain('lk_');
  });

  it('says which definition of which tool was accepted, and ends what is too long', () => {
    const pin = { server: 'files', tool: 'x'.repeat(10_000), digest: 'a1', found: 'b2', at: 0 };
    const line = toChangeLine({ ...toPinChange(pin, at), actor: 'user:root' });
    expect(JSON.parse(line)).toMatchObject({
      time: '2026-06-01T12:00:00.000Z',
      principal: 'user:root',
      method: 'tool accept',
      server: 'files',
      target: `${'x'.repeat(511)}…`,
      change: { digest: 'b2', previous: 'a1' },
    });
  });
});
