const SYNTAX = new Set('^$\\.*+?()[]{}|/');
// Escapes that mean the same in RE2 and in ECMA-262.
const SAME = new Set('dDwWnrtfv');
// RE2's \s; ECMA-262's has the spaces of Unicode too.
const SPACES = '\\t\\n\\f\\r ';

/**
 * The pattern that means in ECMA-262 (flag `u`, as JSON Schema reads patterns) what the source means in RE2. Null when
 * it uses what only RE2 has.
 */
export function toEcmaPattern(source: string): string | null {
  let written = '';
  let inClass = false;
  for (const { 0: token, index } of source.matchAll(/\\.?|./gsu)) {
    const rest = source.slice(index + token.length, index + token.length + 3);
    const piece = token.startsWith('\\') ? toEscape(token.slice(1), rest, inClass) : toPlain(token, rest, inClass);
    if (piece === null) return null;
    if (token === '[') inClass = true;
    else if (token === ']') inClass = false;
    written += piece;
  }
  return isEcmaPattern(written) ? written : null;
}

function toEscape(letter: string, rest: string, inClass: boolean): string | null {
  // After a class RE2 takes a hyphen for itself; after the space it would be a range.
  if (letter === 's' && inClass) return /^-[^\]]/.test(rest) ? null : SPACES;
  if (letter === 's') return `[${SPACES}]`;
  if (letter === 'S') return inClass ? null : `[^${SPACES}]`;
  if (letter === 'b' || letter === 'B') return inClass ? null : `\\${letter}`;
  if (SAME.has(letter) || SYNTAX.has(letter)) return `\\${letter}`;
  if (letter === '-') return inClass ? '\\-' : '-';
  return /^[!-~]$/.test(letter) && !/\w/.test(letter) ? letter : null;
}

function toPlain(letter: string, rest: string, inClass: boolean): string | null {
  if (inClass) {
    if (letter === '[') return rest.startsWith(':') ? null : '\\[';
    return letter;
  }
  // In RE2 a bracket that closes at once is a member of the class.
  if (letter === '[') return /^\^?\]/.test(rest) ? null : '[';
  if (letter === ']') return '\\]';
  if (letter === '.') return '[^\\n]';
  // Flags and (?P<name>.
  return letter === '(' && rest.startsWith('?') && !/^\?(?::|<\w)/.test(rest) ? null : letter;
}

function isEcmaPattern(source: string): boolean {
  try {
    void new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}
