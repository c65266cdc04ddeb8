import { bytesOf, latin1Of } from './bytes.ts';
import { decodeText } from './json-text.ts';

/** What is wanted of an object: its members by name. Keys that some program takes for one of them are refused. */
export interface Shape {
  readonly members: readonly Member[];
  /** Slot that is set to 1 when programs read the keys of one object in several ways; -1 when nobody asks. */
  readonly caseSlot: number;
  /** Whether what stands inside, at any depth, is looked at with this shape as well. */
  readonly deep: boolean;
}

export interface Member {
  readonly key: Uint8Array;
  readonly text: string;
  readonly folded: string;
  readonly hash: number;
  /** Where start, end and type are written (three entries each); -1 for a name that is only guarded. */
  readonly slot: number;
  readonly shape: Shape | null;
}

export interface MemberPlan {
  readonly slot?: number;
  readonly shape?: Shape;
}

/** Makes a shape from member names, which are ASCII; the order is the order they are tried in. */
export function createShape(plan: Readonly<Record<string, MemberPlan>>): Shape {
  const members = Object.entries(plan).map(([text, { slot, shape }]) => {
    const key = bytesOf(text);
    const hash = hashFolded(key, 0, key.length, null);
    return { key, text, folded: fold(text), hash, slot: slot ?? -1, shape: shape ?? null };
  });
  return { members, caseSlot: -1, deep: false };
}

/**
 * A shape without members that only tells, in a slot, whether two keys of one object at any depth could be the same, or
 * one is no member to JavaScript but a prototype.
 */
export function watchKeys(caseSlot: number): Shape {
  return { members: [], caseSlot, deep: true };
}

/**
 * All spellings that some program takes for the same key give the same text: another case (Go, Java, C#), width,
 * accent or ligature (databases), invisible characters (whatever trims), and `snake_case` or `kebab-case` (protobuf,
 * pydantic, Go's encoding/json/v2).
 */
export function fold(text: string): string {
  if (/^[\u0021-\u007e]*$/.test(text)) return text.replaceAll(/[-_]/g, '').toLowerCase();
  // Marks go first too: normalising takes the square of those in a row.
  const marked = text.replaceAll(/\p{M}+/gu, '').normalize('NFKD');
  const bare = marked.replaceAll(/[-_\s\p{C}\p{M}\p{Z}\p{Default_Ignorable_Code_Point}]/gu, '');
  // Lower case alone leaves apart what upper case joins: ß and ẞ, ı and i.
  return bare.toLowerCase().toUpperCase().toLowerCase();
}

// What `fold` makes of each ASCII character; 0 where it leaves nothing.
const FOLDED = Uint8Array.from({ length: 128 }, (_, code) => fold(String.fromCharCode(code)).charCodeAt(0) || 0);

const FNV_BASIS = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/**
 * A hash of the folded key, so that one comparison finds the same key again and whatever could be taken for it. `text`
 * is the decoded key, null where it is plain ASCII without escapes.
 */
export function hashFolded(document: Uint8Array, start: number, stop: number, text: string | null): number {
  if (text !== null) return hashCodes(fold(text));
  let hash = FNV_BASIS;
  for (let i = start; i < stop; i += 1) {
    const code = FOLDED[document[i] as number] as number;
    if (code !== 0) hash = Math.imul(hash ^ code, FNV_PRIME);
  }
  return hash;
}

/** A hash of the key as it is, however it is spelled; `text` as above. */
export function hashText(document: Uint8Array, start: number, stop: number, text: string | null): number {
  if (text !== null) return hashCodes(text);
  let hash = FNV_BASIS;
  for (let i = start; i < stop; i += 1) hash = Math.imul(hash ^ (document[i] as number), FNV_PRIME);
  return hash;
}

function hashCodes(text: string): number {
  let hash = FNV_BASIS;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return hash;
}

/** The member with this key, null when there is none, or `variant` when some program takes the key for a member's. */
export function findMember(
  { members }: Shape,
  document: Uint8Array,
  start: number,
  stop: number,
  hash: number,
): Member | null | 'variant' {
  for (let i = 0; i < members.length; i += 1) {
    const member = members[i] as Member;
    if (member.hash !== hash) continue;
    if (isSame(member.key, document, start, stop)) return member;
    const text = decodeText(document, start, stop);
    // PHP writes `\/`. No program escapes a letter, and some compare keys without resolving escapes.
    if (text === member.text && latin1Of(document, start, stop).replaceAll('\\/', '/') === text) return member;
    if (fold(text) === member.folded) return 'variant';
  }
  return null;
}

/** Whether the bytes between two places are that key, to the byte. */
export function isSame(key: Uint8Array, document: Uint8Array, start: number, stop: number): boolean {
  if (key.length !== stop - start) return false;
  for (let i = 0; i < key.length; i += 1) if (key[i] !== document[start + i]) return false;
  return true;
}
