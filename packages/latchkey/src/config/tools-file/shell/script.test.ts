import { describe, expect, it } from 'vitest';
import { parameter } from '../../../../../../test/fixtures/declared-tool.ts';
import type { Dialect } from './reading.ts';
import { secureScript } from './script.ts';

// x is any text, n a number, e one of the file's own words.
const PARAMETERS = [
  parameter('x'),
  parameter('n', { type: 'integer' }),
  parameter('e', { allowed: ['start', 'stop-all'] }),
  parameter('user-id'),
  parameter('w', { pattern: { source: '^[a-z]+$', test: (text) => /^[a-z]+$/.test(text) } }),
];
const secure = (script: string, dialect: Dialect = 'bash') => secureScript(script, PARAMETERS, dialect);
const offsets = (script: string, dialect?: Dialect): readonly number[] =>
  secure(script, dialect).refusals.map(({ offset }) => offset);

describe('secureScript', () => {
  it.each([
    ['echo {{x}}', 'echo "${GANTZ_ARG_X}"'],
    ['echo a{{x}}b{{n}}', 'echo a"${GANTZ_ARG_X}"b"${GANTZ_ARG_N}"'],
    ['echo "a {{x}}"', 'echo "a ${GANTZ_ARG_X}"'],
    ["echo 'a {{x}} b'", `echo 'a '"\${GANTZ_ARG_X}"' b'`],
    ['echo "$(cat "{{x}}")"', 'echo "$(cat "${GANTZ_ARG_X}")"'],
    ['echo ${y:-{{x}}}', 'echo ${y:-"${GANTZ_ARG_X}"}'],
    ['echo "${y:-{{x}}}"', 'echo "${y:-${GANTZ_ARG_X}}"'],
    ['echo "${y#{{x}}}"', 'echo "${y#"${GANTZ_ARG_X}"}"'],
    ['cat <<END\n{{x}} "\'\nEND', 'cat <<END\n${GANTZ_ARG_X} "\'\nEND'],
    ['cat <<-END\n\t{{x}}\n\tEND\necho', 'cat <<-END\n\t${GANTZ_ARG_X}\n\tEND\necho'],
    ["cat << 'END'\n$5 \\ `{{x}}`\nEND\n", 'cat << END\n\\$5 \\\\ \\`${GANTZ_ARG_X}\\`\nEND\n'],
    ['echo a # {{x}} it\'s\necho "{{n}}"', 'echo a #  it\'s\necho "${GANTZ_ARG_N}"'],
    ['echo $(({{n}} + 1)) ${y:{{n}}:1}', 'echo $((${GANTZ_ARG_N} + 1)) ${y:"${GANTZ_ARG_N}":1}'],
    ['echo "\\${{x}}"', 'echo "\\$${GANTZ_ARG_X}"'],
    ['echo {{user-id}}', 'echo "${GANTZ_ARG_USER_ID}"'],
    ['a=({{x}} b); echo "${a[@]}"', 'a=("${GANTZ_ARG_X}" b); echo "${a[@]}"'],
    ['diff <(echo {{x}}) b', 'diff <(echo "${GANTZ_ARG_X}") b'],
    ['[[ {{x}} == a* && -f {{x}} ]] && echo', '[[ "${GANTZ_ARG_X}" == a* && -f "${GANTZ_ARG_X}" ]] && echo'],
    ['service nginx {{e}}', 'service nginx "${GANTZ_ARG_E}"'],
    ["docker ps --format '{{.Names}} {{json .}}'", "docker ps --format '{{.Names}} {{json .}}'"],
    ["docker ps --format '{{range .P}}{{.A}}{{end}}'", "docker ps --format '{{range .P}}{{.A}}{{end}}'"],
    ['sh -c \'ls "$1"\' sh {{x}}', 'sh -c \'ls "$1"\' sh "${GANTZ_ARG_X}"'],
    ['sed -n "{{n}}p" f', 'sed -n "${GANTZ_ARG_N}p" f'],
    ['psql -c "SELECT * FROM {{e}} LIMIT {{n}}"', 'psql -c "SELECT * FROM ${GANTZ_ARG_E} LIMIT ${GANTZ_ARG_N}"'],
    ['echo "{{x}}" | python3 -c "import sys"', 'echo "${GANTZ_ARG_X}" | python3 -c "import sys"'],
    ['jq --arg q "{{x}}" ".[$q]" f', 'jq --arg q "${GANTZ_ARG_X}" ".[$q]" f'],
    [
      'case {{x}} in a|b) echo ;; *) echo "{{x}}" ;; esac',
      'case "${GANTZ_ARG_X}" in a|b) echo ;; *) echo "${GANTZ_ARG_X}" ;; esac',
    ],
    ['s=$(wc -c < "{{x}}"); [ $s -gt 9 ] || ((s))', 's=$(wc -c < "${GANTZ_ARG_X}"); [ $s -gt 9 ] || ((s))'],
    ['"$JAVA_HOME/bin/java" -jar a.jar {{x}}', '"$JAVA_HOME/bin/java" -jar a.jar "${GANTZ_ARG_X}"'],
    ['kubectl get node {{x}}', 'kubectl get node "${GANTZ_ARG_X}"'],
  ])('puts the value of %s between fitting quotes', (script, safe) => {
    expect(secure(script).refusals).toEqual([]);
    expect(secure(script).script).toBe(safe);
  });

  it.each([
    '{{x}}',
    '"{{x}}" a',
    'a{{x}} b',
    'ls && {{x}}',
    'ls | {{x}}',
    'if {{x}}; then ls; fi',
    'sudo -u root {{x}}',
    'env A=1 {{x}}',
    'timeout 5 {{x}}',
    'exec {{x}}',
    '. {{x}}',
    'bash {{x}}',
    'find . -exec {{x}} \\;',
    'python3 "{{x}}"',
    '$y {{x}}',
    '"$1"sh {{x}}',
    'python3 -m {{x}}',
    'for f in {{x}}; do bash "$f"; done',
  ])('refuses %s, where callers would choose the program', (script) => {
    expect(secure(script).refusals).toHaveLength(1);
  });

  it.each([
    'eval "echo {{x}}"',
    'sh -c "ls {{x}}"',
    '/bin/bash -euo pipefail -c "ls {{x}}"',
    'sudo bash -c "{{x}}"',
    'docker exec web sh -c "ls {{x}}"',
    'find . -exec sh -c "echo {{x}}" \\;',
    'xargs -I{} sh -c "echo {} {{x}}"',
    'echo {{x}} | xargs bash -c',
    'echo {{x}} | xargs -I{} sh -c "ls {}"',
    'echo {{x}} | sh',
    'echo {{x}} | grep a | sudo bash -s',
    '{ echo {{x}}; } | sh',
    '(cd /; echo {{x}}) | python3',
    'bash <<< "{{x}}"',
    'sh <<END\n{{x}}\nEND',
    'v={{x}}; eval "$v"',
    'read v <<< {{x}}; eval "$v"',
    'echo {{x}} | while read l; do eval "$l"; done',
    'while read l; do eval "$l"; done <<< {{x}}',
    'f() { eval "$1"; }; f {{x}}',
    'set -- {{x}}; eval "$1"',
    'eval $GANTZ_ARG_X',
    'sh -c "$(cat {{x}})"',
    'trap "{{x}}" EXIT',
    'su - bob -c "ls {{x}}"',
    'ssh host ls {{x}}',
    'ssh {{x}} uptime',
    'scp {{x}} host:',
    'watch -n 1 "ls {{x}}"',
    'python3 -c "print(\'{{x}}\')"',
    'node -e "console.log(\'{{x}}\')"',
    'node "--eval={{x}}"',
    'perl -ne "print if /{{x}}/" f',
    'ruby -e "{{x}}"',
    'php -r "{{x}}"',
    'awk "/{{x}}/" f',
    'sed "s/a/{{x}}/" f',
    'sed -i.bak -e "s/a/{{x}}/" f',
    'jq ".{{x}}" f',
    'psql "$DB" -c "SELECT \'{{x}}\'"',
    'sqlite3 f.db "SELECT \'{{x}}\'"',
    'q="SELECT \'{{x}}\'"; sqlite3 f.db "$q"',
    "mysql -e 'SELECT {{x}}'",
    'echo {{x}} | dc',
    '"$SHELL" -c "ls {{x}}"',
    'y=; ${y}sh -c {{x}}',
    'eval -v{{x}}',
    '$y eval {{x}}',
    'command eval {{x}}',
  ])('refuses %s, where a value would be part of a program', (script) => {
    expect(secure(script).refusals).toHaveLength(1);
    expect(secure(script.replaceAll('{{x}}', '{{n}}').replaceAll('GANTZ_ARG_X', 'GANTZ_ARG_N')).refusals).toEqual([]);
  });

  it.each([
    'echo $(({{x}} + 1))',
    '(( {{x}} > 1 ))',
    'for ((i = 0; i < {{x}}; i++)); do echo; done',
    'let a={{x}}',
    'builtin let a={{x}}',
    '$y let a={{x}}',
    's=$(cat "{{x}}"); echo $((s))',
    's=$(wc -c "{{x}}"); echo $((s))',
    '[[ {{x}} -eq 1 ]]',
    'echo ${a[{{x}}]}',
    'echo ${a:{{x}}}',
    'echo $[{{x}}]',
    'exit {{x}}',
    'v={{x}}; echo $((v + 1))',
    'declare -i v={{x}}',
    'echo $(( $GANTZ_ARG_X ))',
  ])('refuses %s, which the shell evaluates, but for numbers', (script) => {
    expect(secure(script).refusals).toHaveLength(1);
    expect(secure(script.replaceAll('{{x}}', '{{n}}').replaceAll('GANTZ_ARG_X', 'GANTZ_ARG_N')).refusals).toEqual([]);
  });

  it.each([
    'read {{x}}',
    'unset "{{x}}"',
    'printf -v {{x}} a',
    'test -v {{x}}',
    '[[ -v {{x}} ]]',
    'declare -n v={{x}}',
    'export {{x}}=1',
  ])('refuses %s, where the value would be a name that is evaluated', (script) => {
    expect(secure(script).refusals).toHaveLength(1);
  });

  it.each([
    ['echo `date {{x}}`', 11],
    ["echo $'{{x}}'", 7],
    ['echo \\{{x}}', 6],
    ['echo "\\{{x}}"', 7],
    ['echo "${{x}}"', 7],
    ['echo "{{x}}', 5],
    ["echo '{{x}}", 5],
    ['echo $(echo {{x}}', 7],
    ['echo "{{y}}"', 6],
    ['cat <<END\n{{x}}\n', 6],
    ['PATH={{x}} ls', 5],
    ['echo "${y:-"{{x}}"}"', 12],
    ['echo ${{{x}}}', 5],
    ['echo ){{x}}', 5],
    ['if true; then echo {{x}}', 0],
    ["cat <<'A B'\n{{x}}\nA B\n", 6],
  ])('refuses %s and tells where', (script, offset) => {
    expect(offsets(script)).toEqual([offset]);
  });

  it.each([
    '"$1"eval test {{x}}',
    '"$1"export a {{x}}',
    'sh -c - {{x}}',
    'sh -c -- {{x}}',
    'sh -c -e - {{x}}',
    'sh -c +e {{x}}',
    'sh -c -o errexit {{x}}',
    'sh -c +o errexit {{x}}',
    'sh -ec -o errexit +x {{x}}',
    'sh -co errexit {{x}}',
    'bash -oc errexit {{x}}',
    'bash -ooc errexit nounset {{x}}',
    'docker exec web sh -c - {{x}}',
    'docker exec web sh -c +e {{x}}',
    'docker exec web bash -oc errexit {{x}}',
    'bash +e {{x}}',
    'bash +o errexit {{x}}',
    'bash - {{x}}',
    'zsh -oerrexit {{x}}',
    'bash +{{x}}',
    'bash -{{x}}',
    'sh -c $y {{x}}',
    'sh -c $(true) {{x}}',
    'sh -c $y-oc errexit {{x}}',
    'sh -c $y-- {{x}}',
    'coproc let {{x}}',
    'sh -c ${y}+e {{x}}',
    'sh -c "$@" {{x}}',
    'y=let; $y -eq {{x}}',
    'y=-v; test $y {{x}}',
    'y=declare; $y a {{x}}',
    'a[{{x}}]=1',
    'a=([{{x}}]=1)',
    'a=(b){{x}}',
    'a=({{x}}){{x}}',
    'a=(b)"{{x}}" c',
    'a=(b)$(true){{x}}',
    'a=(b)c{{x}}',
    'a+=(b)\\\n{{x}}',
    'a=(b)<(echo {{x}})',
    'a=(b)(echo {{x}})',
    'a[ {{x}} ]=1',
    'y={{x}}; a[y]=1',
    'y={{x}}; z=y; echo $((z))',
    'y={{x}}; [[ y -eq 1 ]]',
    'y={{x}}; let y',
    'declare -i y; y={{x}}',
    'declare -n y; y={{x}}; echo $y',
    'declare -i y; read y <<< {{x}}',
    'y={{x}}; echo ${!y}',
    'y={{x}}; echo "${y@P}"',
    'read "a[GANTZ_ARG_X]"',
    'test {{x}} "$y"{{x}}',
    'y={{x}}; [ $y = a ]',
    '[ $(echo {{x}}) = a ]',
    'printf {{x}} {{x}} a',
    'printf $(echo {{x}}) a b',
    'echo a >& {{x}}',
    'echo {a[{{x}}]}> f',
    'y={{x}}; `$y`',
    'read <<< {{x}}; eval "$REPLY"',
    'mapfile <<< {{x}}; eval "$MAPFILE"',
    'printf -v y %s {{x}}; eval "$y"',
    'true {{x}}; eval "$_"',
    'printf -v PATH %s {{x}}',
    'export BASH_ENV={{x}}; ls',
    'env LD_PRELOAD={{x}} ls',
    'echo {{x}} | xargs -I% sh -c "echo %"',
    'find {{x}} -exec {} \\;',
    'hash -p {{x}} ls',
    'compgen -W {{x}}',
    'python3 - <<< {{x}}',
    'echo {{x}} | bash -',
    'at now <<< {{x}}',
    'echo {{x}} | crontab -',
    'echo {{x}} | parallel',
    'sudo --user app {{x}}',
    'timeout --kill-after 5 5 {{x}}',
    'runuser -u app -- {{x}}',
    'node -pe {{x}}',
    'perl -M{{x}} -e 1',
    'node -r {{x}} a.js',
    'node --import {{x}} a.js',
    'node --require={{x}} a.js',
  ])('refuses %s in bash, where a shell runs what a value holds', (script) => {
    expect(secure(script).refusals).not.toEqual([]);
  });

  it.each([
    '- {{x}}',
    '=sh -c {{x}}',
    'y={{x}}; eval $=y',
    'y={{x}}; echo ${(e)y}',
    'y={{x}}; echo "$HOME[y]"',
    'functions[e]={{x}}; e',
    'printf "%n" {{x}}',
    'y=%d; printf $y {{x}}',
    'print -v {{x}} a',
    'print -f %d {{x}}',
    'set -A {{x}} b',
    'set {{x}}',
    'vared {{x}}',
    'bye {{x}}',
    'repeat {{x}} true',
    'argv=({{x}}); eval "$1"',
    'set -- {{x}}; eval "$argv"',
    '[ -t {{x}} ]',
    'setopt globsubst; y={{x}}; echo $y',
    'set -o GLOB_SUBST; y={{x}}; echo $y',
    'setopt prompt_subst; print -P {{x}}',
    'y={{x}}; echo *(e:$y:)',
    'y={{x}}; cat =(eval $y)',
    'autoload zmv; zmv "(*).a" {{x}}',
    'zmodload zsh/zpty; zpty a {{x}}',
    'zmodload zsh/stat; zstat -A {{x}} f',
    'zmodload zsh/datetime; strftime -s {{x}} %s 1',
    'zmodload zsh/system; sysread {{x}} < f',
    'zmodload zsh/zutil; zformat -f {{x}} a',
    'echo {{x}} >! f; sh f',
    'echo {{x}} >>| f; sh f',
    'echo {{x}} &>! f; sh f',
    'y={{x}}; echo ${(l:$y:)HOME}',
  ])('refuses %s in zsh, where the shell runs what a value holds', (script) => {
    expect(secure(script, 'zsh').refusals).not.toEqual([]);
  });

  it('takes a file of more names than anybody means for any file', () => {
    const names = Array.from({ length: 40 }, (_, index) => `v${index + 1}=$v${index}`).join('; ');
    expect(secure(`v0=f; ${names}; echo {{x}} > f; sh "$v40"`).refusals).toHaveLength(1);
    expect(secure(`v0=f; ${names}; echo {{x}} > f; sh "$w"`).refusals).toEqual([]);
  });

  it('refuses >; of ksh, which writes a file', () => {
    expect(secure('echo {{x}} >;f; sh f', 'ksh').refusals).not.toEqual([]);
  });

  it('refuses [[ ]] where it may be the name of a program', () => {
    expect(offsets('[[ -n a && {{x}} = b ]]', 'sh')).toEqual([0]);
    expect(offsets('[[ -n a && {{x}} = b ]]', 'dash')).toEqual([0]);
  });

  it('refuses aliases where they hold in scripts, and what only another sh evaluates', () => {
    expect(offsets('alias e=eval\ne {{x}}', 'sh')).toEqual([0]);
    expect(offsets('y={{x}}; echo $[y]', 'sh')).not.toEqual([]);
  });

  it.each([
    'DC="docker compose"; $DC exec web ls {{x}}',
    'PY=$(command -v python3); "$PY" a.py {{x}}',
    '$KUBECTL get pod {{x}}',
    'declare -A m; m[key]={{x}}; echo "${m[key]}"',
    'i=0; a[$i]={{x}}; a["$i"]={{x}}',
    'file={{x}}; n=$(wc -l < "$file"); [[ $n -gt 3 ]] && echo $((n + 1))',
    '[ "$(grep -c a {{x}})" -gt 3 ]',
    '[ -z "$y" ] && [ {{x}} = "$y" ]',
    'printf "%s: %s\\n" {{x}} "{{x}}"',
    'exec 3>&1; ls > {{x}} 2>&1',
    'cd /opt; "$PWD/run.sh" {{x}}',
    'y=`date +%s`; echo {{x}} "$y"',
    'perl -e 1 {{w}}; git pull origin {{w}}; sed -e s/a/b/ f {{w}}',
    'export LABEL={{x}}; ./run',
    'while read -r line; do echo "$line"; done < {{x}}',
    'echo {{x}} | xargs -I% cp % /tmp',
    'find . -name {{x}} -exec cat {} +',
    'echo {{x}} >!f',
    'echo {{x}} | rbash_history',
  ])('takes %s', (script) => {
    expect(secure(script).refusals).toEqual([]);
  });

  it('says what to write instead of a whole command', () => {
    expect(secure('{{x}}').refusals[0]?.message).toContain('command: sh');
  });

  it('refuses what only some shells evaluate in those', () => {
    expect(offsets('[ 1 -lt {{x}} ]', 'bash')).toEqual([]);
    expect(offsets('[ 1 -lt {{x}} ]', 'ksh')).toEqual([8]);
    expect(offsets('printf "%d" {{x}}', 'bash')).toEqual([]);
    expect(offsets('printf "%d" {{x}}', 'zsh')).toEqual([12]);
    expect(offsets('echo "$y[{{x}}]"', 'zsh')).toEqual([9]);
    expect(offsets('echo "$y[{{x}}]"', 'bash')).toEqual([]);
    expect(offsets("echo $'it\\'s' {{x}}", 'sh')).toEqual([5]);
  });

  it('takes a script without values as it is, whatever it does', () => {
    const script = 'eval "$(curl https://get.example)"; echo \'unbalanced';
    expect(secure(script)).toMatchObject({ script, refusals: [] });
    expect(secure("alias ll='ls -l'; ll").refusals).toEqual([]);
  });

  it.each([
    ['ls {{x}}', 1],
    ['ls -la "{{x}}"', 1],
    ['ls -- {{x}}', 0],
    ['ls "./{{x}}"', 0],
    ['ls {{n}}', 0],
    ['ls {{e}}', 0],
    ['ls {{w}}', 0],
    ['echo {{x}}', 0],
    ['curl -H "A: {{x}}" https://h', 0],
    [`curl -d '{"a": "{{x}}"}' https://h`, 1],
    ['psql -c "{{x}}"', 1],
    ['awk -v a={{x}} \'{ system("ls " a) }\' f', 1],
    ['awk -v a={{x}} \'{ print a | "sort" }\' f', 1],
    ["awk '{ system($1) }' <<< {{x}}", 1],
    ["awk -v a={{x}} '$0 ~ a { n++; print n }' f", 0],
    ["python3 -c 'import os, sys; os.system(sys.argv[1])' -- {{x}}", 1],
    ["python3 -c 'import sys; print(sys.argv[1])' -- {{x}}", 0],
    ["echo {{x}} | perl -ne 'print `ls $_`'", 1],
    ["node -e 'eval(process.argv[1])' -- {{x}}", 1],
    ['awk \'BEGIN { system("date") }\'; echo {{x}}', 0],
    ['q="{{x}}"; q="$q LIMIT 10"; sqlite3 f.db "$q"', 1],
    ['q=$(echo "{{x}}" | sed "s/;//"); sqlite3 f.db "$q"', 1],
    ['echo $GANTZ_ARG_X', 1],
    ['echo "$GANTZ_ARG_X"', 0],
  ])('warns of %s', (script, warnings) => {
    expect(secure(script).refusals).toEqual([]);
    expect(secure(script).warnings).toHaveLength(warnings);
  });

  it('names the variables that it reads and does not set', () => {
    const { uses } = secure('a=1; for b in 1; do echo "$a$b${c:-}$d" \'$no\'; done; read f; echo $f $1');
    expect(uses.map(({ name, guarded }) => [name, guarded])).toEqual([
      ['c', true],
      ['d', false],
    ]);
  });
});
