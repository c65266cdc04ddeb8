import { boundText, escapeControls, LONGEST_TEXT } from '../core/trail-text.ts';
import type { TrailEntry } from '../core/trail.ts';

/** Bytes of a line without what few entries say: nine texts, each unit of which is six bytes at most, and what is around them. */
const MOST_BYTES = 9 * (LONGEST_TEXT * 6 + 2) + 512;

/**
 * Writes one entry as a line of JSON, with its line feed, and returns where it ends; null, and nothing, where there may be
 * no room for it. `time` in RFC 3339 with milliseconds, then the entry's members by their names. Texts longer than 512
 * characters end in `…`; no byte of a control character is in the line.
 */
export function writeEntry(entry: TrailEntry, target: Buffer, start: number): number | null {
  const rare = toRare(entry);
  if (start + MOST_BYTES + rare.length * 3 > target.length) return null;
  let end = putTime(entry.at, target, start);
  end = putMember(REQUEST_ID, entry.requestId, target, end);
  end = putMember(ADDRESS, entry.address, target, end);
  end = putMember(SERVER, entry.server, target, end);
  end = putMember(PRINCIPAL, entry.principal, target, end);
  end = putMember(CREDENTIAL, entry.credential, target, end);
  end = putMember(CLIENT, entry.client, target, end);
  end = putMember(HTTP_METHOD, entry.httpMethod, target, end);
  end = putMember(METHOD, entry.method, target, end);
  end = putMember(TARGET, entry.target, target, end);
  end = putBytes(toOutcome(entry), target, end);
  end = putAscii(`${Math.round(entry.durationMs * 1000) / 1000}`, target, end);
  if (rare !== '') end += target.write(rare, end);
  return putAscii('}\n', target, end);
}

const [REQUEST_ID, ADDRESS, SERVER, PRINCIPAL, CREDENTIAL, CLIENT, HTTP_METHOD, METHOD, TARGET] = (
  ['requestId', 'address', 'server', 'principal', 'credential', 'client', 'httpMethod', 'method', 'target'] as const
).map((name) => Buffer.from(`,"${name}":`)) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
const NULL = Buffer.from('null');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

// Letter by letter: what was put together before and is looked up again comes out of memory more slowly than it is made.
function putMember(name: Buffer, text: string | null, target: Buffer, start: number): number {
  const first = putBytes(name, target, start);
  if (text === null) return putBytes(NULL, target, first);
  if (text.length > LONGEST_TEXT) return first + target.write(quote(text), first);
  target[first] = QUOTE;
  let end = first + 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH)
      return first + target.write(quote(text), first);
    target[end] = code;
    end += 1;
  }
  target[end] = QUOTE;
  return end + 1;
}

// Of so few bytes each copy costs less than a call of `set`.
function putBytes(bytes: Buffer, target: Buffer, start: number): number {
  for (let at = 0; at < bytes.length; at += 1) target[start + at] = bytes[at] as number;
  return start + bytes.length;
}

function putAscii(text: string, target: Buffer, start: number): number {
  for (let at = 0; at < text.length; at += 1) target[start + at] = text.charCodeAt(at);
  return start + text.length;
}

function toRare({ phase, exposed, neededScopes, detail }: TrailEntry): string {
  let rare = '';
  if (phase) rare += `,"phase":"${phase}"`;
  if (exposed) rare += ',"exposed":true';
  if (neededScopes) rare += `,"neededScopes":[${neededScopes.map(quote).join(',')}]`;
  if (detail) rare += `,"detail":${quote(detail)}`;
  return rare;
}

type Outcome = Pick<TrailEntry, 'decision' | 'reason' | 'status'>;

let lastOutcome: Outcome | null = null;
let outcomeBytes: Buffer = Buffer.alloc(0);

/** Most entries end as the one before. */
function toOutcome({ decision, reason, status }: Outcome): Buffer {
  const last = lastOutcome;
  if (last === null || last.reason !== reason || last.status !== status || last.decision !== decision) {
    lastOutcome = { decision, reason, status };
    outcomeBytes = Buffer.from(`,"decision":"${decision}","reason":"${reason}","status":${status},"durationMs":`);
  }
  return outcomeBytes;
}

function quote(text: string): string {
  return escapeControls(JSON.stringify(boundText(text).toWellFormed()));
}

const TIME = Buffer.from('{"time":"1970-01-01T00:00:00.000Z"');
const TIME_AT = TIME.indexOf('1970');
const MS_AT = TIME.indexOf('000Z');
const DIGIT = 0x30;
let second = 0;
let millisecond = 0;

/** Most entries share their second with the one before, many their millisecond: only what differs is made again. */
function putTime(at: number, target: Buffer, start: number): number {
  const whole = Math.floor(at);
  if (whole !== millisecond) {
    millisecond = whole;
    const found = Math.floor(whole / 1000);
    if (found !== second) TIME.write(new Date(found * 1000).toISOString().slice(0, MS_AT - TIME_AT), TIME_AT, 'latin1');
    second = found;
    const ms = whole - found * 1000;
    TIME[MS_AT] = DIGIT + Math.floor(ms / 100);
    TIME[MS_AT + 1] = DIGIT + (Math.floor(ms / 10) % 10);
    TIME[MS_AT + 2] = DIGIT + (ms % 10);
  }
  return putBytes(TIME, target, start);
}
