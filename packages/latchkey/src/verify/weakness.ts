const LEAST_LENGTH = 20;
const LEAST_DISTINCT = 6;
const LEAST_BITS = 45;

/** Words of placeholders and examples, longest first, so that a word goes as a whole. */
const PLACEHOLDER_WORDS = [
  'placeholder|credential|qwertyuiop|asdfghjkl|zxcvbnm|correct|horse|battery|staple|changeme|password|passw0rd|example|default|replace|supersecret|super|secret|bearer|sample|secure',
  'random|string|change|token|latchkey|gantz|insert|please|server|client|access|value|dummy|admin|qwerty|letmein|azerty',
  'static|production|prod|test|demo|todo|auth|your|this|here|with|fake|user|pass|some|long|very|and|the|api|key|mcp|dev|my|me|is|not|for|sk|pk|tok|lk|lkk',
].join('|');
const PLACEHOLDER = new RegExp(PLACEHOLDER_WORDS, 'gi');

/** Why nobody should use that text as a token, as the end of a sentence; null when it will do. Holds nothing of the text. */
export function findWeakness(text: string): string | null {
  if (text === '') return 'is empty';
  if (!/^[\x21-\x7e]+$/.test(text)) return 'has characters other than visible ASCII';
  if (text.length < LEAST_LENGTH) return `is shorter than ${LEAST_LENGTH} characters`;
  if (new Set(text).size < LEAST_DISTINCT) return 'uses too few different characters';
  if (estimateBits(text) < LEAST_BITS) return 'is a placeholder, an example or too easy to guess';
  return null;
}

/** A rough upper bound on the bits a guesser must find: what is left without known words, runs and repetition. */
function estimateBits(text: string): number {
  const rest = collapseRuns(collapseRepeats(text.replace(PLACEHOLDER, '')));
  return rest.length * Math.log2(Math.max(1, new Set(rest).size));
}

/** `abcabcabc` says no more than `abc`; a last piece may be cut short. */
function collapseRepeats(text: string): string {
  for (let period = 1; period <= text.length / 2; period++) {
    if (text.startsWith(text.slice(period))) return text.slice(0, period);
  }
  return text;
}

/** Characters that continue an even step (`1234`, `zyx`, `aaaa`) add nothing to their beginning. */
function collapseRuns(text: string): string {
  let kept = '';
  for (let at = 0; at < text.length; at++) {
    const step = text.charCodeAt(at) - text.charCodeAt(at - 1);
    const stepBefore = text.charCodeAt(at - 1) - text.charCodeAt(at - 2);
    if (!(Math.abs(step) <= 1 && step === stepBefore)) kept += text[at];
  }
  return kept;
}
