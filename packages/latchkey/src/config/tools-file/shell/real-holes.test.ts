import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parameter } from '../../../../../../test/fixtures/declared-tool.ts';
import { secureScript } from './script.ts';

const base = mkdtempSync(path.join(tmpdir(), 'latchkey-holes-'));
afterAll(() => rmSync(base, { recursive: true }));

/** Runs in text that a shell reads. */
const SHELL = '$(touch pwned)';
/** Runs in what a shell evaluates. */
const NUMBER = 'a[$(touch pwned)]';
const PYTHON = '" + str(__import__("os").system("touch pwned")) + "';
const NODE = '" + require("fs").writeFileSync("pwned", "") + "';

/** Whether the script as it would run, though it is refused, runs what a caller's value says. */
function runsValue(script: string, value: string): boolean {
  const cwd = mkdtempSync(path.join(base, 'run-'));
  const env = { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', GANTZ_ARG_X: value };
  spawnSync('bash', ['-c', script], { cwd, env, stdio: ['ignore', 'ignore', 'ignore'], timeout: 20_000 });
  return existsSync(path.join(cwd, 'pwned'));
}

const HOLES: readonly (readonly [script: string, value: string])[] = [
  ['while read -r n; do t=$((t + n)); done < <(printf "%s\\n" "{{x}}" | tr , "\\n")', NUMBER],
  ['while read -r l; do eval "echo $l"; done < <(echo "{{x}}")', SHELL],
  ['mapfile -t a < <(echo "{{x}}"); eval "echo ${a[0]}"', SHELL],
  ['IFS= read -ran < <(echo "{{x}}"); echo $((n))', NUMBER],
  ['sh < <(echo "echo {{x}}")', SHELL],
  ['echo "echo {{x}}" > >(sh); sleep 0.3', SHELL],
  ['tee >(bash) <<< "echo {{x}}"; sleep 0.3', SHELL],
  ['exec > >(sh); echo "echo {{x}}"; exec > /dev/null; sleep 0.3', SHELL],
  ['exec <<< "{{x}}"; read -r n; echo $((n))', NUMBER],
  ['exec 3<<< "echo {{x}}"; sh <&3', SHELL],
  ['exec {in}< <(echo "{{x}}"); read -r -u "$in" n; echo $((n))', NUMBER],
  ['echo "{{x}}" | { n=$(cat); echo $((n)); }', NUMBER],
  ['echo "{{x}}" | { n=$(</dev/stdin); echo $((n)); }', NUMBER],
  ['{ n=$(cat); echo $((n)); } <<< "{{x}}"', NUMBER],
  ['echo "echo {{x}}" | { cat | sh; }', SHELL],
  ['{ bash -c "$(cat)"; } <<< "echo {{x}}"', SHELL],
  ['echo "echo {{x}}" | (bash <(cat))', SHELL],
  ['cat <<END | tee f | sh\necho {{x}}\nEND', SHELL],
  ['n() { echo "{{x}}"; }; m=$(n); echo $((m))', NUMBER],
  ['coproc cat <<< "{{x}}"; read -r n <&"${COPROC[0]}"; echo $((n))', NUMBER],
  ['printf -vn %s "{{x}}"; echo $((n))', NUMBER],
  ['set -- "{{x}}"; for i; do echo $((i)); done', NUMBER],
  ['set -- "{{x}}"; for i do eval "echo $i"; done', SHELL],
  ['n=$(echo "{{x}}"; nproc); echo $((n))', NUMBER],
  ['echo $(( $(echo "{{x}}" && date +%s) ))', NUMBER],
  ['n=$(echo "{{x}}" | { cat; nproc; }); echo $((n))', NUMBER],
  ['n=$(cat "$(echo "{{x}}" > f; echo f)" $(nproc > /dev/null)); echo $((n))', NUMBER],
  ['bash -s -- prod <<END\necho {{x}}\nEND', SHELL],
  ['bash -es prod <<END\necho {{x}}\nEND', SHELL],
  ['python3 - prod <<END\nprint("{{x}}")\nEND', PYTHON],
  ['python3 /dev/stdin <<END\nprint("{{x}}")\nEND', PYTHON],
  ['node - prod <<END\nconsole.log("{{x}}")\nEND', NODE],
  ['. /dev/stdin <<END\ny="{{x}}"\nEND', SHELL],
  ['bash /dev/stdin <<END\necho {{x}}\nEND', SHELL],
  ['sh /dev/fd/0 <<END\necho {{x}}\nEND', SHELL],
  ['sh /dev/fd/3 3<<END\necho {{x}}\nEND', SHELL],
  ['f=/dev/stdin; sh "$f" <<END\necho {{x}}\nEND', SHELL],
  ['awk -f - <<END\nBEGIN { print "{{x}}" }\nEND', '"; system("touch pwned"); "'],
  ['make -sf - <<END\nall: ; @echo {{x}}\nEND', '; touch pwned'],
  ['printf "%s\\n" "{{x}}" | xargs -i@ sh -c "echo @"', SHELL],
  ['printf "%s\\n" "{{x}}" | xargs -0i@ sh -c "echo @"', SHELL],
  ['echo a > f; tar --use-compress-program="cat {{x}}" -cf a.tar f', ';touch pwned;'],
  ['echo a > f; tar -cf a.tar f; tar --to-command="cat {{x}}" -xf a.tar', ';touch pwned;'],
  ['seq 9 | split --filter="cat {{x}}"', ';touch pwned;'],
  ['git -c alias.y="!echo {{x}}" y', ';touch pwned;'],
  ['bash -c \'echo $(( $1 + 1 ))\' _ "{{x}}"', NUMBER],
  ['bash -c \'eval "echo $1"\' _ "{{x}}"', SHELL],
  ['bash -c \'for n; do echo $((n)); done\' _ "{{x}}"', NUMBER],
  ['bash -c \'if [[ $1 -gt 3 ]]; then echo; fi\' _ "{{x}}"', NUMBER],
  ['bash -c \'sh -c "echo $1"\' _ "{{x}}"', SHELL],
  ['eval \'eval "echo $GANTZ_ARG_X"\'; : {{x}}', SHELL],
  ['sh -c \'cd . && "$@"\' _ sh -c "echo {{x}}"', SHELL],
  ['N="{{x}}" bash -c \'echo $((N))\'', NUMBER],
  ['export N="{{x}}"; bash -c \'eval "echo $N"\'', SHELL],
  ['env N="{{x}}" bash -c \'echo $((N))\'', NUMBER],
  ['y="echo {{x}}"; trap \'eval "$y"\' EXIT', SHELL],
  ['echo "echo {{x}}" | bash -c \'cat | sh\'', SHELL],
  ["printf '%s\\n' \"{{x}}\" | xargs -d '\\n' bash -c 'echo $(( $1 ))' _", NUMBER],
  ['sleep 0 & wait -p "{{x}}" $!', NUMBER],
];

/** What not every machine has. */
const ELSEWHERE = [
  'ed f <<END\ns/a/{{x}}/\nEND',
  'ex -s f <<END\ns/a/{{x}}/\nEND',
  'vim -es f <<END\n:s/a/{{x}}/\nEND',
  'su - app <<END\nls {{x}}\nEND',
  'sudo -s <<END\nls {{x}}\nEND',
  'sudo -u app -i <<END\nls {{x}}\nEND',
  'sudo -uapp sh -c "ls {{x}}"',
  'chroot /mnt <<END\nls {{x}}\nEND',
  'ssh host bash -s <<END\nls {{x}}\nEND',
  'docker exec -i web bash -s <<END\nls {{x}}\nEND',
  'docker exec -i web python <<END\nprint("{{x}}")\nEND',
  'docker exec -i web python - <<END\nprint("{{x}}")\nEND',
  'uv run python - <<END\nprint("{{x}}")\nEND',
  'uv run - <<END\nprint("{{x}}")\nEND',
  'poetry run python <<END\nprint("{{x}}")\nEND',
  'deno run - <<END\nconsole.log("{{x}}")\nEND',
  'redis-cli <<END\nGET {{x}}\nEND',
  'sshpass -p pw ssh host "ls {{x}}"',
  'ssh -o "ProxyCommand=nc {{x}} 22" host ls',
  'git -c core.sshCommand="ssh {{x}}" fetch',
  'rsync -ae "ssh -p {{x}}" a b',
  'sort --compress-program="{{x}}" f',
  'tmux new-session -d "ls {{x}}"',
  'gcloud compute ssh vm --command "ls {{x}}"',
  'gcloud compute ssh vm --command="ls {{x}}"',
  'docker run --health-cmd "curl {{x}}" web',
  'vagrant ssh -c "ls {{x}}"',
  'adb shell ls {{x}}',
  "ssh host 'bash -s' <<END\nls {{x}}\nEND",
  'echo "ls {{x}}" | ssh host \'sudo bash\'',
  'echo "{{x}}" | ssh host \'while read -r l; do eval "$l"; done\'',
  'socat - EXEC:"ls {{x}}"',
];

/** What stands beside them and is safe. */
const SAFE = [
  'while read -r f; do n=$((n + 1)); echo "$f" "$n"; done < <(find . -name "{{x}}")',
  'while read -r f; do total=$((total + $(wc -c < "$f"))); done < <(find . -name "{{x}}")',
  'log() { echo "$1" >&2; }; log "{{x}}"; n=$(jq length f.json); [ $n -gt 3 ] && echo $((n))',
  'n=$(cat count); echo $((n + 1)); while read -r l; do echo "$l"; done <<< "{{x}}"',
  'echo "{{x}}" | { n=$(nproc); d=$(pwd); echo $((n)) "$d"; grep a; }',
  'exec 2>&1; n=$(cat count); echo $((n)) "{{x}}"',
  'echo "{{x}}" | tee >(gzip > f.gz) > /dev/null',
  'sort < <(echo "{{x}}"); diff <(echo "{{x}}") <(sort f)',
  'for f in *.txt; do grep -c -- "{{x}}" "$f"; done | sort',
  'echo "{{x}}" | python3 a.py -',
  'echo "{{x}}" | docker exec -i web python3 /app/a.py',
  'echo "{{x}}" | grep -v python',
  'echo "{{x}}" | pygmentize -l python',
  'echo "{{x}}" | ssh host "cat > f"',
  'echo "{{x}}" | sudo tee /etc/f',
  'echo "{{x}}" | xargs -r docker restart --',
  'echo "{{x}}" | xargs -n1 -P4 gzip',
  'tar -czf a.tgz -C "{{x}}" .',
  'tar --exclude="{{x}}" -cf a.tar d',
  'git -c user.name="{{x}}" commit -m "{{x}}"',
  'tmux has-session -t "{{x}}"',
  'adb install "{{x}}"',
  'rsync -a -- "{{x}}" host:',
  'uv run a.py --name "{{x}}"',
  'bash -c \'cd "$1" && ls\' _ "{{x}}"',
  'bash -c \'for f; do if [[ -n $f ]]; then gzip -- "$f"; fi; done\' _ "{{x}}"',
  'bash -c \'while [ $# -gt 0 ]; do echo "$1"; shift; done\' _ "{{x}}"',
  'bash -c \'n=$(wc -l < "$1"); echo $((n))\' _ "{{x}}"',
  'bash -c \'psql -c "$1"\' _ "{{x}}"',
  'sh -c \'cd /opt && "$@"\' _ ls -- "{{x}}"',
  'find . -name "{{x}}" -exec sh -c \'gzip -- "$1"\' _ {} \\;',
  't=$(mktemp); trap \'rm -f "$t"\' EXIT; echo "{{x}}" > "$t"',
  'echo "{{x}}" | ssh host \'cat > f\'',
  'n="{{x}}"; ssh host \'n=$(nproc); echo $((n))\'',
  'if [[ -n "{{x}}" ]]; then echo; fi; [[ -f "{{x}}" ]]&& echo',
  'n=$(grep -- "{{x}}" f | wc -l); echo $((n + 1))',
];

describe('secureScript', () => {
  it.each(HOLES)('refuses %s, in which a value runs', (script, value) => {
    const safe = secureScript(script, [parameter('x')], 'bash');
    expect(safe.refusals).not.toEqual([]);
    expect(runsValue(safe.script, value)).toBe(true);
  });

  it.each(ELSEWHERE)('refuses %s', (script) => {
    expect(secureScript(script, [parameter('x')], 'bash').refusals).not.toEqual([]);
  });

  it.each(SAFE)('takes %s', (script) => {
    expect(secureScript(script, [parameter('x')], 'bash').refusals).toEqual([]);
  });
});
