const REDACTED = '[redacted]';
const NAME = '(?:key|token|secret|pass|auth|credential)[\\w-]*';
const SCHEME = '(?:(?:Bearer|Basic|DPoP) +)?';

/** `"X-API-Key": "…"`, `X-API-Key = '…'` and, as the word before a value of a list, `"--token", "…"`. */
const QUOTED = new RegExp(`(${NAME}["']?\\s*[:=,]\\s*)(["'])(${SCHEME})(?:\\\\.|(?!\\2)[^\\\\\\n])+`, 'gi');
/** `X-API-Key: …` inside a text, and `token=…` of a URL. */
const PLAIN = new RegExp(`(${NAME}[:=] *)(${SCHEME})(?:\\\\.|[^\\s"'\\\\])(?:\\\\.|[^"\\\\\\n])*`, 'gi');
const WITH_SCHEME = /\b(Bearer|Basic|DPoP)( +)[^\s"']+/gi;
/** Ours, by their usual beginning. */
const OURS = /\blkk?_[0-9A-Za-z]+/g;

/** The text of settings that go, for people to look at, without what may be a credential: whoever wrote it, in whatever form. */
export function redactRemoved(text: string): string {
  return text
    .replace(QUOTED, `$1$2$3${REDACTED}`)
    .replace(PLAIN, `$1$2${REDACTED}`)
    .replace(WITH_SCHEME, `$1$2${REDACTED}`)
    .replace(OURS, REDACTED);
}
