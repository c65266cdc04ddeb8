import { describe, expect, it } from 'vitest';
import { createCursors, type CursorOwner } from './cursors.ts';

const alice: CursorOwner = { server: 'files', principal: 'alice', kind: 'tools' };
const cursors = createCursors('ab'.repeat(32));

describe('createCursors', () => {
  it('gives back what it sealed, whatever is in it', () => {
    for (const cursor of ['page-2', '', '.', 'a.b', 'é\u0000"', 'x'.repeat(5000)])
      expect(cursors.unseal(alice, cursors.seal(alice, cursor))).toBe(cursor);
  });

  it('gives nothing for a cursor of somebody else, of another list or server, or of another key', () => {
    const sealed = cursors.seal(alice, 'page-2');
    for (const other of [{ principal: 'bob' }, { kind: 'prompts' }, { server: 'db' }] as const)
      expect(cursors.unseal({ ...alice, ...other }, sealed)).toBeNull();
    expect(createCursors('cd'.repeat(32)).unseal(alice, sealed)).toBeNull();
  });

  it('gives nothing for one that was made up or changed', () => {
    const sealed = cursors.seal(alice, 'page-2');
    for (const wrong of ['', 'page-2', '.', `${sealed} `, sealed.slice(1), sealed.slice(0, -1), sealed.toUpperCase()])
      expect(cursors.unseal(alice, wrong)).toBeNull();
  });
});
