import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parameter } from '../../../../../../test/fixtures/declared-tool.ts';
import { hasProgram, runsValue } from '../../../../../../test/fixtures/run-value.ts';
import { secureScript } from './script.ts';

const base = mkdtempSync(path.join(tmpdir(), 'latchkey-openings-'));
afterAll(() => rmSync(base, { recursive: true }));

const RUN = 'printf "#!/bin/sh\\ntouch pwned" > p; chmod +x p; ';
const WORK =
  'svnadmin create r; svn co -q "file://$PWD/r" w; cd w; echo a > f; svn add -q f; svn ci -qm a; echo b > f; ';

/** One value is enough: an option in its place, the beginning or end of a name, an expression. */
const HOLES: readonly (readonly [needs: string, script: string, value: string])[] = [
  ['perl', 'echo a > f; perl -ne print -- "{{x}}"', 'touch pwned|'],
  ['perl', 'echo a > f; perl -pe "s/a/b/" -- "{{x}}"', 'touch pwned|'],
  ['perl', 'echo a > f; perl -lane print f "d/{{x}}"', ';touch pwned|'],
  ['perl', 'echo a > f; perl -F: -e print -- "{{x}}"', 'touch pwned|'],
  ['perl', 'echo a > f; perl -e "while (<>) { print }" -- "{{x}}"', 'touch pwned|'],
  ['rename', 'echo a > f; rename "{{x}}" f', 'system("touch pwned")'],
  ['rename', 'echo a > f; rename -- "{{x}}" b f', 'system("touch pwned")'],
  ['zip', 'echo a > f; zip -q a.zip f; zip a.zip "{{x}}"', '-TvTTtouch pwned #'],
  ['zip', 'echo a > f; zip -q a.zip f -T -TT "{{x}}"', 'touch pwned #'],
  ['sort', `${RUN}head -c 8000000 /dev/urandom | base64 > f; sort -S 1M "{{x}}" f`, '--compress-program=./p'],
  ['diff3', `${RUN}echo a > f; diff3 "{{x}}" f f f`, '--diff-program=./p'],
  ['sdiff', `${RUN}echo a > f; sdiff --diff-program="{{x}}" f f`, './p'],
  ['wget', `${RUN}wget -q "{{x}}" http://u@127.0.0.1:9/`, '--use-askpass=./p'],
  ['gpg', `${RUN}gpg --batch --passphrase a -c "{{x}}" p`, '--agent-program=./p'],
  ['busctl', 'busctl "{{x}}" list', '--address=unixexec:path=/usr/bin/touch,argv1=pwned'],
  ['apt-cache', `${RUN}apt-cache "{{x}}" show bash`, '-oDir::Bin::dpkg=./p'],
  ['dpkg', 'dpkg --configure -a "{{x}}"', '--pre-invoke=touch pwned'],
  ['git', 'git init -q; git fetch-pack "{{x}}" .', '--exec=touch pwned;'],
  ['git', 'git init -q; git send-pack "{{x}}" .', '--receive-pack=touch pwned;'],
  ['git', 'git init -q; git archive --remote=. "{{x}}" HEAD', '--exec=touch pwned;'],
  ['hg', 'hg init -q; hg log "{{x}}"', '--config=hooks.pre-log=touch pwned'],
  ['svn', `${RUN}${WORK}svn diff "{{x}}"; cp pwned ..`, '--diff-cmd=../p'],
  ['svn', 'svn ls --config-option "{{x}}" svn+ssh://localhost/a; true', 'config:tunnels:ssh=sh -c "touch pwned" #'],
  ['rpm', 'rpm -q "{{x}}"', '--eval=%(touch pwned)'],
  ['rpm', 'rpm -E "{{x}}"', '%(touch pwned)'],
  ['sox', 'sox -- "{{x}}" out.wav', '|touch pwned'],
  ['soxi', 'soxi "{{x}}"', '|touch pwned'],
  ['gs', 'gs -q -dNOPAUSE -dBATCH -sDEVICE=pdfwrite -o "{{x}}" -c showpage', '%pipe%touch pwned'],
  ['gs', 'gs -q -dNOPAUSE -dBATCH -sDEVICE=pdfwrite -sOutputFile="{{x}}" -c showpage', '|touch pwned'],
  ['gs', 'gs -q -dNOPAUSE -dBATCH -sDEVICE=pdfwrite -o a.pdf "{{x}}"', '%pipe%touch pwned'],
  ['gs', 'gs -q -dNOPAUSE -dBATCH -sDEVICE=pdfwrite "{{x}}" -c showpage', '-sOutputFile=%pipe%touch pwned'],
  ['ps2pdf', 'echo showpage > a.ps; ps2pdf a.ps "{{x}}"', '%pipe%touch pwned'],
  ['pdftex', 'pdftex -shell-escape "{{x}}"', '\\immediate\\write18{touch pwned}\\end'],
  ['latexmk', 'echo x > a.tex; latexmk -pdf "{{x}}"', '-pdflatex=touch pwned;'],
  ['latexmk', 'echo x > a.tex; latexmk -pdf -e "{{x}}"', 'system("touch pwned")'],
  ['enscript', 'echo a > f; enscript -q -o o "{{x}}" f', '-Itouch pwned'],
  ['exiftool', 'echo a > f.txt; exiftool f.txt "{{x}}"', '-comment<${filename;system("touch pwned")}'],
  ['exiftool', 'echo a > f.txt; exiftool "-comment<{{x}}" f.txt', '${filename;system("touch pwned")}'],
  ['exiftool', 'echo a > f.txt; exiftool -p "{{x}}" f.txt', '${filename;system("touch pwned")}'],
  ['exiftool', 'echo a > f.txt; exiftool -if "{{x}}" f.txt', 'system("touch pwned")'],
  ['rclone', 'rclone ls -- "{{x}}"', ':webdav,bearer_token_command="touch pwned",url="http://127.0.0.1:1/":'],
  ['ag', 'echo a > f; ag a "{{x}}"', '--pager=touch pwned'],
  ['ugrep', 'echo a > f; ugrep a "{{x}}"', '--filter=*:touch pwned'],
  ['nmap', 'echo "os.execute(\\"touch pwned\\")" > s.nse; nmap -p 9 "{{x}}" 127.0.0.1', '--script=./s.nse'],
  ['qalc', 'qalc -- "{{x}}"', 'command("touch pwned")'],
  ['qalc', 'echo "{{x}}" | qalc', 'command("touch pwned")'],
  ['ninja', 'printf "rule r\\n command=touch pwned\\nbuild a: r\\n" > f; ninja "{{x}}"', '-ff'],
  ['cmake', 'echo "execute_process(COMMAND touch pwned)" > c; cmake "{{x}}"', '-Pc'],
  ['cmake', 'cmake -E "{{x}}" pwned', 'touch'],
  [
    'chromium',
    `${RUN}chromium --headless --no-sandbox --dump-dom -- "{{x}}" & for i in $(seq 150); do [ -e pwned ] && break; sleep 0.1; done; kill $!`,
    '--utility-cmd-prefix=./p',
  ],
];

/** What not every machine has: as their manuals have it. */
const ELSEWHERE = [
  'service "{{x}}" restart',
  'invoke-rc.d "{{x}}" restart',
  'run-parts "{{x}}"',
  'git send-email --to=a@b "{{x}}" p',
  'git instaweb -d "{{x}}"',
  'aria2c "{{x}}" http://a/',
  'aria2c -i list "{{x}}"',
  'yt-dlp -x "{{x}}" "{{x}}"',
  'yt-dlp -a list "{{x}}"',
  'wget -i list "{{x}}"',
  'nc "{{x}}" "{{x}}"',
  'nc -l 80 "{{x}}"',
  'smbclient //h/s -c "ls {{x}}"',
  'smbclient //h/s "{{x}}"',
  'mpv "{{x}}" a.mkv',
  'ansible all "{{x}}"',
  'ansible all -m ping -i "{{x}}"',
  'ansible-playbook a.yml "{{x}}"',
  'apt-get install -- "{{x}}"',
  'dnf install "{{x}}"',
  'brew install "{{x}}"',
  'gh extension install "{{x}}"',
  'rustc -C linker="{{x}}" a.rs',
  'rustc -C "{{x}}" a.rs',
  'cmake -DCMAKE_C_COMPILER="{{x}}" .',
  'certbot certonly -d a --pre-hook "{{x}}"',
  'install --strip-program="{{x}}" a b',
  'cowsay "{{x}}"',
  'docker exec web perl -pe 1 "{{x}}"',
];

/** What stands beside them and is safe. */
const SAFE = [
  'perl -ne print < "{{x}}"; perl -e "print @ARGV" -- "{{x}}"; perl -Mnpa -e 1 -- "{{x}}"; perl -i.np -e 1 -- "{{x}}"',
  'zip -r a.zip -- "{{x}}"; zip -r "./{{x}}" d; sort -k "{{x}}" f; sort -- "{{x}}"; gpg --list-keys -- "{{x}}"',
  'wget "{{x}}"; wget -O f "{{x}}"; wget -i list -- "{{x}}"; yt-dlp "{{x}}"; yt-dlp -f best -- "{{x}}"; aria2c "{{x}}"',
  'nc -zv "{{x}}" 80; nmap -p 80 -- "{{x}}"; ansible "{{x}}" -m ping; ansible-playbook a.yml --limit "{{x}}"',
  'sox "in/{{x}}" out.wav; sox -V "./{{x}}" -r "{{x}}" out.wav; gs -q -sDEVICE=png16m -o "out/{{x}}" "./{{x}}"',
  'gs -q -sDEVICE="{{x}}" -dFirstPage="{{x}}" -sOutputFile=./"{{x}}" a.pdf; ps2pdf "./{{x}}"; pdflatex "./{{x}}"',
  'exiftool -- "{{x}}"; exiftool "{{x}}"; exiftool "-Comment={{x}}" f; rclone ls remote:"{{x}}"; rclone copy "./{{x}}" a:b',
  'hg log -- "{{x}}"; hg log -r "{{x}}"; svn log -- "{{x}}"; svn log -r "{{x}}" f; rpm -q -- "{{x}}"; dpkg -s -- "{{x}}"',
  'git archive -o a.tar -- "{{x}}"; git archive --format="{{x}}" HEAD; ag -- "{{x}}" .; ugrep -e "{{x}}" f',
  'cmake --build b --target "{{x}}"; cmake -DCMAKE_BUILD_TYPE="{{x}}" .; service nginx "{{x}}"; ninja -- "{{x}}"',
  'chromium --headless --dump-dom "https://{{x}}"; gh pr view "{{x}}"; apt-get update; apt-cache show -- "{{x}}"',
];

describe('secureScript', () => {
  it.each(HOLES)('refuses a value that %s runs: %s', (needs, script, value) => {
    const safe = secureScript(script, [parameter('x')], 'bash');
    expect(safe.refusals).not.toEqual([]);
    expect(!hasProgram(needs) || runsValue(base, safe.script, value)).toBe(true);
  });

  it.each(ELSEWHERE)('refuses %s', (script) => {
    expect(secureScript(script, [parameter('x')], 'bash').refusals).not.toEqual([]);
  });

  it.each(SAFE)('takes %s', (script) => {
    expect(secureScript(script, [parameter('x')], 'bash').refusals).toEqual([]);
  });
});
