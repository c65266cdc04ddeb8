import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parameter } from '../../../../../../test/fixtures/declared-tool.ts';
import type { Dialect } from './reading.ts';
import { secureScript } from './script.ts';

const SHELLS = (
  [
    ['/bin/sh', 'sh'],
    ['/bin/dash', 'dash'],
    ['/bin/bash', 'bash'],
    ['/bin/zsh', 'zsh'],
    ['/bin/ksh', 'ksh'],
  ] as const satisfies readonly (readonly [string, Dialect])[]
).filter(([shell]) => existsSync(shell));

const MORE = process.env['LATCHKEY_RUNS'];
/** More of them show more, and others each time; else they are the same ones, so that a failure is of what was changed. */
const RUNS = { numRuns: Number(MORE ?? 30), ...(MORE === undefined ? { seed: 20_261_127 } : {}) };

const base = mkdtempSync(path.join(tmpdir(), 'latchkey-shells-'));
const folder = path.join(base, 'values');
mkdirSync(folder);
afterAll(() => rmSync(base, { recursive: true }));

const PARAMETERS = [parameter('x'), parameter('other')];

/** Runs a script with values; what `printf '%s\0'` wrote, as a list. */
function run(shell: string, script: string, values: Readonly<Record<string, string>>): readonly string[] {
  const env = { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8' };
  const given = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`GANTZ_ARG_${name.toUpperCase()}`, value]),
  );
  const done = spawnSync(shell, ['-c', script], {
    cwd: folder,
    env: { ...env, ...given },
    encoding: 'utf8',
    // Before a socket bash takes itself for a remote shell and reads ~/.bashrc.
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
  expect(`${done.status} ${done.stderr}`).toBe('0 ');
  return done.stdout.split('\0').slice(0, -1);
}

/** A piece of an argument: how it is written, and what it comes to. */
interface Piece {
  readonly written: string;
  readonly means: (values: Readonly<Record<string, string>>) => string;
}

const literal = (written: string, means = written): Piece => ({ written, means: () => means });
const place = (name: string): Piece => ({ written: `{{${name}}}`, means: (values) => values[name] ?? '' });
const join = (pieces: readonly Piece[], wrap: (inner: string) => string): Piece => ({
  written: wrap(pieces.map(({ written }) => written).join('')),
  means: (values) => pieces.map(({ means }) => means(values)).join(''),
});
const after = (piece: Piece, end: string): Piece => ({ ...piece, means: (values) => piece.means(values) + end });

const places = fc.constantFrom(place('x'), place('other'));
const list = (pieces: fc.Arbitrary<Piece>): fc.Arbitrary<Piece[]> => fc.array(pieces, { minLength: 1, maxLength: 4 });

const inDouble = fc.oneof(
  places,
  fc.constantFrom(
    literal('a'),
    literal("it's"),
    literal(' # '),
    literal('\\"', '"'),
    literal('\\\\', '\\'),
    literal('\\$', '$'),
    literal('\\`', '`'),
    literal('${nothing_}', ''),
    literal('{'),
    literal('}'),
    literal('\n'),
    literal(';|&'),
    literal('\\\n', ''),
  ),
);
const inSingle = fc.oneof(
  places,
  fc.constantFrom(
    literal('a'),
    literal('"'),
    literal('$HOME'),
    literal('`'),
    literal('\\'),
    literal(' # '),
    literal('\n'),
    literal('('),
  ),
);
const inDocument = fc.oneof(
  places,
  fc.constantFrom(
    literal('a'),
    literal('"'),
    literal("it's"),
    literal('\\$', '$'),
    literal('\\\\', '\\'),
    literal('(#'),
    literal(' '),
  ),
);
const inQuotedDocument = fc.oneof(
  places,
  fc.constantFrom(
    literal('a'),
    literal('"'),
    literal("it's"),
    literal('$HOME'),
    literal('$(date)'),
    literal('`'),
    literal('\\'),
    literal('\\$'),
  ),
);

const simple = fc.oneof(
  places,
  fc.constantFrom(
    literal('a'),
    literal('b-c'),
    literal('\\ ', ' '),
    literal("\\'", "'"),
    literal('\\"', '"'),
    literal('d#'),
    literal('1'),
  ),
  list(inDouble).map((pieces) => join(pieces, (inner) => `"${inner}"`)),
  list(inSingle).map((pieces) => join(pieces, (inner) => `'${inner}'`)),
);
const document = (of: fc.Arbitrary<Piece>, delimiter: string): fc.Arbitrary<Piece> =>
  list(of).map((pieces) =>
    after(
      join(pieces, (inner) => `"$(cat <<${delimiter}\n${inner}.\nEND\n)"`),
      '.',
    ),
  );
const nested = fc
  .oneof(
    list(simple).map((pieces) =>
      after(
        join(pieces, (inner) => `"$(printf '%s.' ${inner})"`),
        '.',
      ),
    ),
    list(simple).map((pieces) =>
      after(
        join(pieces, (inner) => `"x$( # it's\n if true; then printf '%s.' ${inner}; fi )"`),
        '.',
      ),
    ),
    list(simple).map((pieces) => join(pieces, (inner) => `\${unset_:-${inner}}`)),
    places.map((piece) => join([piece], (inner) => `"\${unset_:-${inner}}"`)),
    document(inDocument, 'END'),
    document(inQuotedDocument, "'END'"),
    document(inQuotedDocument, '\\END'),
  )
  .map((piece) =>
    piece.written.startsWith('"x$(')
      ? { ...piece, means: (values: Readonly<Record<string, string>>) => `x${piece.means(values)}` }
      : piece,
  );

const argument = list(fc.oneof({ weight: 5, arbitrary: simple }, { weight: 2, arbitrary: nested })).map((pieces) =>
  join([literal('v'), ...pieces], (inner) => inner),
);

const AROUND: readonly ((command: string) => string)[] = [
  (command) => command,
  (command) => `# {{x}} isn't said\n${command} # {{other}} "`,
  (command) => `if true; then ${command}; else echo {{x}}; fi`,
  (command) => `for i in 1; do\n  ${command}\ndone`,
  (command) => `case {{x}} in never) echo no ;; (*) ${command} ;; esac`,
  (command) => `{ ${command}; }`,
  (command) => `( ${command} )`,
  (command) => `f() { ${command}\n}\nf`,
  (command) => `true && ${command} || echo no`,
  (command) => `y={{x}}; z="{{other}}"; ${command}`,
  (command) => `while :; do ${command}; break; done`,
  (command) => `[ {{x}} = "{{x}}" ] && ${command}`,
];

const value = fc.oneof(
  fc.constantFrom(
    '$(touch pwned)',
    '`touch pwned`',
    '"; touch pwned; "',
    "'; touch pwned; '",
    '\\',
    '\\"',
    "'",
    '"',
    '$HOME',
    '${HOME}',
    '*',
    '?[a]',
    '~',
    '-rf',
    '--',
    '-n',
    'a b',
    ' a  b ',
    '\n',
    'a\nEND\nb',
    'END',
    '\t',
    '{{other}}',
    '{a,b}',
    '!!',
    '#',
    '&& touch pwned',
    '| touch pwned',
    '> pwned',
    '<(touch pwned)',
    'é\u{1f512}',
    ')',
    '}',
    '%s%n',
    '\u0007\u001b[31m',
    '=ls',
    '^x^y',
    '$((1+1))',
    'a[$(touch pwned)]',
    '\r\n',
  ),
  fc.string({ unit: fc.constantFrom(...'\'"`$\\(){}[]<>|&;*?~#!= \n\tab-%') }),
  fc.string({ unit: 'grapheme' }).map((given) => given.replaceAll('\0', '')),
);

/** Leaves `pwned` where it is run: a value that is taken for the name of a program. */
const program = path.join(base, 'program');
writeFileSync(program, '#!/bin/sh\n: > pwned\n', { mode: 0o755 });

const HOSTILE: readonly (readonly [x: string, other: string])[] = [
  ['$(touch pwned)', '$(touch pwned)'],
  // PATH is an element's name in every shell, and there already.
  ['PATH[$(touch pwned)]', 'PATH[$(touch pwned)]'],
  ['"\';touch pwned;', 'touch pwned'],
  [program, program],
  ['-v', 'PATH[$(touch pwned)]'],
  [`-v PATH[$(${program})] b`, 'd'],
];

/** What scripts are made of, in any order. */
const PIECES = [
  ...String.raw`{{x}}|{{x}}|{{x}}|"|"|'|'|$(|(|)|{ |; }|}|\|$|$((|))|((|[[ | ]]|[ | ]| -eq | -gt 1| | |;| && |#|a|y=|$y|"$y"|y[|]|<<<|echo |printf %s |eval |sh -c |sh|let |read y|export |unset |case | in | ;; esac|*) |if |then | fi|xargs |test |-v |trap | EXIT|f() { |f |"$1"|exit |$'|!|~|=`.split(
    '|',
  ),
  '`',
  '${y:-',
  ' | ',
  '\n',
  '<<E\n',
  '\nE\n',
  "<<'E'\n",
  ...String.raw`{{other}}|{{other}}|y={{x}}; |a[|]=1|a=(|>& |declare -i y; |\${!y}|@P}|-v y |printf |$_|$REPLY|read |test |- |+e |-o errexit |-oc errexit |-- |=sh |set -- |z=y; |$z|{{{x}}`
    .split('|')
    .map((each) => each.replace('\\$', '$')),
  // Inputs, and what reads them.
  ...String.raw`< <(echo {{x}}) | > >(sh)|exec |exec 3<<< {{x}};|<&3|{ y=$(cat); |$(cat)|$(</dev/stdin)|\n{{x}}\nE\n|done|while read y; do |for y; do |$(echo {{x}}; nproc)|-vy|sh |tee f|coproc `
    .split('|')
    .map((each) => each.replaceAll('\\n', '\n')),
  // Files, and what runs or reads them.
  ...'> f; |>f |echo {{x}} > f; |sh f|. ./f|< f|$(cat f)|$(<f)|cp f g; |sh g|tee f; |y=f; |> $y; |sh "$y"|bash -c ". ./f"|node -e 1 |*|*(e:|:)|=(|>! f; |>;f; |setopt globsubst; |print -P '.split(
    '|',
  ),
];

describe.each(SHELLS)('secureScript before %s', (shell, dialect) => {
  it('hands every value on exactly, wherever its place stands', () => {
    fc.assert(
      fc.property(
        fc.array(argument, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...AROUND),
        fc.record({ x: value, other: value }),
        (pieces, around, values) => {
          const script = around(`printf '%s\\0' ${pieces.map(({ written }) => written).join(' ')}`);
          const safe = secureScript(script, PARAMETERS, dialect);
          expect(safe.refusals).toEqual([]);
          expect(run(shell, safe.script, values)).toEqual(pieces.map(({ means }) => means(values)));
        },
      ),
      RUNS,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('lets no value be a program, however the script is written', () => {
    const pieces = fc.constantFrom(...PIECES);
    let ran = 0;
    fc.assert(
      fc.property(fc.array(pieces, { minLength: 1, maxLength: 7 }), (script) => {
        const safe = secureScript(script.join(''), PARAMETERS, dialect);
        if (safe.refusals.length > 0 || !safe.script.includes('GANTZ_ARG_')) return;
        ran += 1;
        // What a script leaves running writes there too, so that no other script is blamed for it.
        const cwd = mkdtempSync(path.join(base, `${dialect}-`));
        for (const [x, other] of HOSTILE) {
          const env = { PATH: process.env['PATH'] ?? '', GANTZ_ARG_X: x, GANTZ_ARG_OTHER: other };
          spawnSync(shell, ['-c', safe.script], { cwd, env, stdio: 'ignore', timeout: 1000 });
        }
        expect(readdirSync(cwd)).not.toContain('pwned');
      }),
      { ...RUNS, numRuns: RUNS.numRuns * 20 },
    );
    expect(ran).toBeGreaterThan(0);
  });

  it('keeps what patterns are taken off as letters', () => {
    const safe = secureScript('y=ab{{x}}c; printf "%s\\0" "${y#ab{{x}}}" ${y%{{x}}c}', PARAMETERS, dialect);
    expect(safe.refusals).toEqual([]);
    expect(run(shell, safe.script, { x: '*[z]?' })).toEqual(['c', 'ab']);
  });
});
