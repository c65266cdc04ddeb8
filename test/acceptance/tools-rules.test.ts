import { expect, test } from 'vitest';
import { headerValue } from '../fixtures/raw-http.ts';
import { send } from './harness.ts';
import { namesOf, resultOf, startToolsSite, startVoices, TOOLS } from './tools-site.ts';

const READ = { ...TOOLS.echo, name: 'read_files', role: 'reader' };
const WRITE = { ...TOOLS.echo, name: 'write_files', role: 'writer' };

test('roles in the tools file are scopes, and say who may list and call', async () => {
  const site = await startToolsSite([READ, WRITE]);
  try {
    const reader = await site.gateway.createToken('reader', '--scope', 'role:reader');
    const both = await site.gateway.createToken('both', '--scope', 'role:reader', '--scope', 'role:writer');
    for (const voice of await startVoices(site, reader.token)) {
      expect(namesOf(await send(site, voice.list()))).toEqual(['read_files']);
      expect(resultOf(await send(site, voice.call('read_files', { text: 'a' }))).isError).toBe(false);
      const refused = await send(site, voice.call('write_files', { text: 'a' }, 2));
      expect(refused.status).toBe(403);
      expect(headerValue(refused, 'www-authenticate')).toContain('scope="role:writer"');
    }
    for (const voice of await startVoices(site, both.token))
      expect(namesOf(await send(site, voice.list()))).toEqual(['read_files', 'write_files']);
    expect(site.notes()).toEqual(['ran a', 'ran a']);
  } finally {
    await site.close();
  }
});

test('a rule of latchkey.yaml for a tool takes the place of what its file asks for, a glob too', async () => {
  const rules = { read_files: { scopes: ['file:write'] }, 'write_*': { deny: true } };
  const site = await startToolsSite([READ, WRITE, { ...TOOLS.echo, name: 'other' }], { tools: rules });
  try {
    const [reader] = await startVoices(site, site.tokens.aliceRead);
    const [writer] = await startVoices(site, site.tokens.aliceWrite);
    if (reader === undefined || writer === undefined) throw new Error('no voices');
    const statusOf = async (voice: typeof reader, tool: string) =>
      (await send(site, voice.call(tool, { text: 'a' }))).status;
    expect([await statusOf(reader, 'read_files'), await statusOf(writer, 'read_files')]).toEqual([403, 200]);
    expect(await statusOf(writer, 'write_files')).toBe(403);
    expect([await statusOf(reader, 'other'), namesOf(await send(site, reader.list()))]).toEqual([200, ['other']]);
    expect(site.gateway.talk()).toMatch(/read_files[^]*write_files/);
  } finally {
    await site.close();
  }
});
