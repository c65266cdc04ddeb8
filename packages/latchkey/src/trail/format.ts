import type { TrailEntry } from '../core/trail.ts';

const LONGEST_TEXT = 512;

/** Quote, backslash, controls (C1 and DEL too), the two line separators of JavaScript, and surrogates. */
const NEEDS_CARE = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/;
const LEFT_BY_STRINGIFY = /[\u007f-\u009f\u2028\u2029]/g;

/**
 * One entry as one line of JSON without the line feed: `time` in RFC 3339 with milliseconds, then the entry's members by
 * their names. Texts longer than 512 characters end in `…`; no byte of a control character is in the line.
 */
export function formatEntry(entry: TrailEntry): string {
  const { at, requestId, durationMs } = entry;
  const id = NEEDS_CARE.test(requestId) ? quoteWithCare(requestId) : quotePlain(requestId);
  let line = `{"time":"${formatTime(at)}","requestId":${id}${formatCall(entry)}${formatOutcome(entry)}${Math.round(durationMs * 1000) / 1000}`;
  if (entry.exposed) line += ',"exposed":true';
  if (entry.neededScopes) line += `,"neededScopes":[${entry.neededScopes.map(quoteWithCare).join(',')}]`;
  if (entry.detail) line += `,"detail":${quoteWithCare(entry.detail)}`;
  return `${line}}`;
}

type Call = Omit<TrailEntry, 'at' | 'requestId' | keyof Outcome | 'durationMs' | 'exposed' | 'neededScopes' | 'detail'>;
type Outcome = Pick<TrailEntry, 'decision' | 'reason' | 'status'>;

const MOST_PRINCIPALS = 10_000;
const lastCalls = new Map<string | null, { readonly call: Call; readonly text: string }>();

/** Who asked what, from where: mostly the same as the last time, and putting it together anew takes longer than the rest. */
function formatCall(call: Call): string {
  const last = lastCalls.get(call.principal);
  if (last !== undefined && isSameCall(last.call, call)) return last.text;
  const { address, server, principal, credential, client, httpMethod, method, target } = call;
  const plain = isPlain(call);
  const quote = plain ? quotePlain : quoteWithCare;
  // Joined, it is in one piece; added up it would be put together each time it is read.
  const text = [
    `,"address":${quote(address)},"server":${quote(server)},"principal":${quote(principal)}`,
    `,"credential":${quote(credential)},"client":${quote(client)},"httpMethod":${quote(httpMethod)}`,
    `,"method":${quote(method)},"target":${quote(target)}`,
  ].join('');
  // What is remembered is short.
  if (!plain) return text;
  if (lastCalls.size >= MOST_PRINCIPALS) lastCalls.clear();
  lastCalls.set(principal, {
    call: { address, server, principal, credential, client, httpMethod, method, target },
    text,
  });
  return text;
}

function isSameCall(one: Call, other: Call): boolean {
  return (
    one.target === other.target &&
    one.method === other.method &&
    one.address === other.address &&
    one.httpMethod === other.httpMethod &&
    one.server === other.server &&
    one.credential === other.credential &&
    one.client === other.client
  );
}

/** One look at all texts together is three times as fast as one at each. */
function isPlain({ address, server, principal, credential, client, httpMethod, method, target }: Call): boolean {
  const all = `${address}${server}${principal}${credential}${client}${httpMethod}${method}${target}`;
  return all.length <= LONGEST_TEXT && !NEEDS_CARE.test(all);
}

let outcome: Outcome | null = null;
let outcomeText = '';

/** Most entries end as the one before. */
function formatOutcome({ decision, reason, status }: Outcome): string {
  if (outcome === null || outcome.reason !== reason || outcome.status !== status || outcome.decision !== decision) {
    outcome = { decision, reason, status };
    outcomeText = [`,"decision":"${decision}","reason":"${reason}","status":${status},"durationMs":`].join('');
  }
  return outcomeText;
}

function quotePlain(text: string | null): string {
  return text === null ? 'null' : `"${text}"`;
}

function quoteWithCare(text: string | null): string {
  if (text === null) return 'null';
  const bounded = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text;
  return JSON.stringify(bounded.toWellFormed()).replace(LEFT_BY_STRINGIFY, toEscape);
}

function toEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

let second = Number.NaN;
let secondText = '';

/** Most entries share their second with the one before, and making the text anew costs more than the rest of a line. */
function formatTime(at: number): string {
  const found = Math.floor(at / 1000);
  if (found !== second) {
    secondText = new Date(found * 1000).toISOString().slice(0, 20);
    second = found;
  }
  const ms = Math.floor(at - found * 1000);
  return `${secondText}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
}
