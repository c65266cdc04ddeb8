import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parameter } from '../../../../../../test/fixtures/declared-tool.ts';
import { hasProgram, runsValue } from '../../../../../../test/fixtures/run-value.ts';
import { secureScript } from './script.ts';

const base = mkdtempSync(path.join(tmpdir(), 'latchkey-programs-'));
afterAll(() => rmSync(base, { recursive: true }));

const GIT =
  'export RUN="touch pwned;false"; git init -q; git config user.email a@b; git config user.name a; echo a > f; git add f; git commit -qm a; ';
const FSMONITOR = 'core.fsmonitor=touch pwned;false';
const NODE = 'require("fs").writeFileSync("pwned","")';
const JAVA = 'static { try { new java.io.File("pwned").createNewFile(); } catch (Exception e) {} }';

/** Run on every machine that has the program. */
const HOLES: readonly (readonly [needs: string, script: string, value: string])[] = [
  ['git', `${GIT}git -c "{{x}}" status`, FSMONITOR],
  ['git', `${GIT}git {{x}} status`, '--config-env=core.fsmonitor=RUN'],
  ['git', `${GIT}git --config-env="{{x}}" status`, 'core.fsmonitor=RUN'],
  ['git', `${GIT}git --config-env=core.fsmonitor="{{x}}" status`, 'RUN'],
  ['git', `${GIT}echo b > f; git -c diff.external="{{x}}" diff`, 'touch pwned;'],
  ['git', `${GIT}echo "* diff=y" > .gitattributes; git -c diff.y.textconv="{{x}}" show`, 'touch pwned;'],
  [
    'git',
    `${GIT}echo "* filter=y" > .gitattributes; echo b > f; git -c filter.y.clean="{{x}}" add f`,
    'touch pwned;cat',
  ],
  ['git', `${GIT}git -c tar.y.command="{{x}}" archive --format=y HEAD`, 'touch pwned;'],
  ['git', `${GIT}git -c remote.o.uploadpack="{{x}}" -c remote.o.url=. fetch o`, 'touch pwned;'],
  ['git', `${GIT}git -c protocol.ext.allow="{{x}}" fetch "ext::sh -c touch% pwned"`, 'always'],
  ['git', `${GIT}printf "[core]\\n\\tfsmonitor = touch pwned;false\\n" > c; git -c include.path="{{x}}" status`, '~/c'],
  ['git', `${GIT}git config "{{x}}" "touch pwned;false"; git status`, 'core.fsmonitor'],
  ['git', `${GIT}git config --local core.fsmonitor "{{x}}"; git status`, 'touch pwned;false'],
  ['git', `${GIT}git config diff.external "{{x}}"; echo b > f; git diff`, 'touch pwned;'],
  ['git', `mkdir r; cd r; ${GIT}git config core.fsmonitor "touch ../pwned;false"; cd ..; git -C "{{x}}" status`, 'r'],
  ['git', `${GIT}git config core.fsmonitor "touch pwned;false"; git --git-dir="{{x}}" status`, '.git'],
  ['git', `${GIT}mkdir e; printf "#!/bin/sh\\ntouch pwned" > e/git-y; chmod +x e/*; git --exec-path="{{x}}" y`, 'e'],
  ['git', `${GIT}git archive --remote=. --exec="{{x}}" HEAD`, 'touch pwned;'],
  ['git', 'git clone -c "{{x}}" -- ssh://localhost/a b', 'core.sshCommand=touch pwned;'],
  ['git', 'git clone --config="{{x}}" -- ssh://localhost/a b', 'core.sshCommand=touch pwned;'],
  ['mail', 'echo a | mail "{{x}}"', '--exec=!touch pwned'],
  ['mail', 'echo a | mail -s a "{{x}}"', '-E!touch pwned'],
  ['ftp', 'echo "{{x}}" | ftp -n', '!touch pwned'],
  ['lftp', 'lftp -c "{{x}}"', '!touch pwned'],
  ['lftp', 'lftp "{{x}}"', '-e!touch pwned'],
  ['lftp', 'printf "open {{x}}" > f; lftp -f f', 'a\n!touch pwned'],
  ['sed', 'echo a > f; sed "-n{{x}}" f', 'e1e touch pwned'],
  ['sed', 'echo a > f; sed --expr="{{x}}" f', '1e touch pwned'],
  ['sed', 'echo a > f; echo "1e touch pwned" > s; sed --file="{{x}}" f', 's'],
  ['tar', 'echo a > f; tar -cf a.tar f; tar --to-com="{{x}}" -xf a.tar', 'touch pwned'],
  ['env', 'env --split="{{x}}"', 'touch pwned'],
  ['node', 'node --{{x}}', `eval=${NODE}`],
  [
    'node',
    'echo "NODE_OPTIONS=--require=./r.js" > e; echo 1 > a.js; echo \'' +
      NODE +
      '\' > r.js; node --env-file="{{x}}" a.js',
    'e',
  ],
  [
    'npm',
    'echo "{\\"scripts\\":{\\"test\\":\\"node -e 1\\"}}" > package.json; echo \'' +
      NODE +
      '\' > r.js; npm test "{{x}}"',
    '--node-options=--require=./r.js',
  ],
  [
    'npm',
    'mkdir p; cd p; echo "{\\"name\\":\\"p\\",\\"version\\":\\"1.0.0\\",\\"scripts\\":{\\"postinstall\\":\\"touch $PWD/../pwned\\"}}" > package.json; cd ..; echo "{}" > package.json; npm install --offline -- "{{x}}"',
    './p',
  ],
  [
    'perl',
    'mkdir d; echo "system(q(touch pwned));1" > d/strict.pm; echo "use strict" > a.pl; perl "-I{{x}}" a.pl',
    'd',
  ],
  ['perl', 'mkdir -p Devel; echo "system(q(touch pwned));1" > Devel/Y.pm; perl -I. "-d:{{x}}" -e 1', 'Y'],
  ['perl', 'echo a > f; perl -F"{{x}}" -ane 1 f', '/a/);system("touch\\x20pwned");(1'],
  ['python3', 'python3 -m timeit -n 1 "{{x}}"', 'open("pwned", "w")'],
  ['python3', 'echo "open(\\"pwned\\", \\"w\\")" > f; python3 -m cProfile "{{x}}"', 'f'],
  ['setpriv', 'setpriv --inh-caps -all --ambient-caps -all "{{x}}" pwned', 'touch'],
  ['/usr/bin/time', '/usr/bin/time -o f "{{x}}" pwned', 'touch'],
  ['strace', 'strace -o "{{x}}" true', '|touch pwned'],
  ['psql', 'psql -o "{{x}}" -h 127.0.0.1 -p 9 -c "select 1"; sleep 0.3', '|touch pwned'],
  ['ssh', 'ssh -o "{{x}}" host ls', 'ProxyCommand=touch pwned'],
  ['ssh', 'printf "Host *\\nProxyCommand touch pwned\\n" > c; ssh -F "{{x}}" host ls', 'c'],
  ['scp', 'echo > f; scp -o "{{x}}" -- f host:', 'ProxyCommand=touch pwned'],
  ['scp', 'printf "#!/bin/sh\\ntouch pwned" > g; chmod +x g; echo > f; scp -S "{{x}}" -- f host:', './g'],
  ['sftp', 'sftp -D "{{x}}"', 'touch pwned'],
  ['wget', 'printf "#!/bin/sh\\ntouch pwned" > g; chmod +x g; wget -qe "{{x}}" http://127.0.0.1:9/', 'use_askpass=./g'],
  ['sqlite3', 'echo ".shell touch pwned" > i; sqlite3 -init "{{x}}" a.db "select 1"', 'i'],
  ['gdb', 'gdb -batch -ex run --args "{{x}}" pwned', 'touch'],
  ['gdb', 'gdb -batch --eval-com="{{x}}"', 'shell touch pwned'],
  ['vim', 'printf ":!touch pwned\\n:q!\\n" > s; vim -s "{{x}}" f', 's'],
  ['javac', `echo 'class A { ${JAVA} public static void main(String[] a) {} }' > A.java; java "{{x}}"`, 'A.java'],
  [
    'javac',
    `echo 'class A { ${JAVA} public static void main(String[] a) {} }' > A.java; echo A.java > f; java "{{x}}"`,
    '@f',
  ],
  [
    'javac',
    `mkdir d; echo 'class A { ${JAVA} public static void main(String[] a) {} }' > d/A.java; javac d/A.java; java -D"{{x}}" A`,
    'java.class.path=d',
  ],
  [
    'javac',
    `mkdir d; echo 'class A { ${JAVA} public static void main(String[] a) {} }' > d/A.java; javac d/A.java; java -Djava.class.path="{{x}}" A`,
    'd',
  ],
  [
    'jar',
    `echo 'class A { ${JAVA} public static void premain(String a) {} }' > A.java; echo 'class B { public static void main(String[] a) {} }' > B.java; javac A.java B.java; echo "Premain-Class: A" > M; jar cfm a.jar M A.class; java -javaagent:"{{x}}" B`,
    'a.jar',
  ],
  [
    'kubectl',
    'echo "{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: https://127.0.0.1:9}}], users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: touch, args: [pwned], interactiveMode: Never}}}], contexts: [{name: x1, context: {cluster: c, user: u}}], current-context: x1}" > k; kubectl --kubeconfig="{{x}}" --request-timeout=2s get pod',
    'k',
  ],
  ['sh', 'echo "{{x}}" > f; ENV=./f sh -i', 'touch pwned'],
  ['bash', 'echo "{{x}}" > f; BASH_ENV=f bash -c ls', 'touch pwned'],
  ['bash', 'echo "{{x}}" > f; export BASH_ENV=./f; bash -c ls', 'touch pwned'],
  ['bash', 'echo "{{x}}" > f; env BASH_ENV=f bash -c ls', 'touch pwned'],
  ['node', 'echo "{{x}}" > f; NODE_OPTIONS=--require=./f node -e 1', NODE],
  [
    'git',
    `${GIT}printf "[core]\\n\\tfsmonitor = %s\\n" "{{x}}" > c; GIT_CONFIG_GLOBAL=c git status`,
    'touch pwned;false',
  ],
  ['git', `${GIT}printf "[core]\\n\\tfsmonitor = touch pwned;false\\n" > .gitconfig; HOME="{{x}}" git status`, '.'],
  ['find', 'echo "{{x}}" > f; find . -name f -exec sh {} \\;', 'touch pwned'],
  ['find', 'mkdir d; echo "{{x}}" > d/f.sh; find d -name "*.sh" -exec bash {} +', 'touch pwned'],
  ['find', 'mkdir d; echo "{{x}}" > d/f; chmod +x d/f; find d -type f -exec {} \\;', '#!/bin/sh\ntouch pwned'],
  ['find', 'echo "{{x}}" > f; find . -name f -exec sh -c \'. "$1"\' _ {} \\;', 'touch pwned'],
  ['find', 'echo "{{x}}" > f; find . -name f | while read -r a; do sh "$a"; done', 'touch pwned'],
  ['find', 'echo "{{x}}" > f; for a in $(ls); do sh "$a"; done', 'touch pwned'],
  ['find', 'echo "{{x}}" > f; sh "$(ls | head -n 1)"', 'touch pwned'],
  ['xargs', 'echo "{{x}}" > f; echo f | xargs sh', 'touch pwned'],
  ['xargs', 'echo "{{x}}" > f; find . -name f -print0 | xargs -0 sh', 'touch pwned'],
  ['xargs', 'echo "{{x}}" > f; ls | xargs -I{} sh {}', 'touch pwned'],
];

/** What not every machine has: as their manuals have it. */
const ELSEWHERE = [
  'git clone --template="{{x}}" -- a',
  'git init --template "{{x}}" -- d',
  'git -c "url.{{x}}.insteadOf=a" fetch',
  'git -C "repos/{{x}}" log',
  'git --git-dir "{{x}}" log',
  'git {{x}}',
  'git config --global "{{x}}" 1',
  'git config --file f alias.y "{{x}}"',
  'git config set core.pager "{{x}}"',
  'git fetch -- "ext::sh -c {{x}}"',
  'git submodule foreach "{{x}}"',
  'java -agentlib:"{{x}}" A',
  'java -XX:OnOutOfMemoryError="{{x}}" A',
  'java -XX:"{{x}}" A',
  'java -m "{{x}}"',
  'java -p "{{x}}" -m a',
  'java "-{{x}}" A',
  'javac -processorpath "{{x}}" A.java',
  'javac "@{{x}}"',
  'mvn "{{x}}"',
  'mvn -Dexec.executable="{{x}}" exec:exec',
  './gradlew -I "{{x}}" test',
  'gcc -B "{{x}}" a.c',
  'gcc -fplugin="{{x}}" a.c',
  'kubectl run p --image=i -- "{{x}}"',
  'kubectl run p --image=i --command -- "{{x}}"',
  'kubectl run p --image="{{x}}"',
  'kubectl run p --image=i --overrides "{{x}}"',
  'kubectl exec --namespace a pod -- "{{x}}"',
  'kubectl debug pod --image=i -- "{{x}}"',
  'kubectl create job j --image=i -- "{{x}}"',
  'docker run image "{{x}}"',
  'docker run "{{x}}"',
  'docker run --rm --name a --network b -v a:b image "{{x}}"',
  'docker run --entrypoint sh image -c "{{x}}"',
  'docker create -it image "{{x}}"',
  'docker compose run --rm web "{{x}}"',
  'docker-compose run web "{{x}}"',
  'podman run "{{x}}" ls',
  'helm install a b --post-renderer "{{x}}"',
  'helm template a b --post-renderer-args="{{x}}"',
  'helm upgrade a b "{{x}}"',
  'helm plugin install "{{x}}"',
  'rsync -M"{{x}}" a host:',
  'rsync --rs="{{x}}" a host:',
  'ssh -J "{{x}}" host ls',
  'echo "get {{x}}" | sftp host',
  'pandoc -F "{{x}}" a.md',
  'pandoc --pdf-engine="{{x}}" a.md',
  'pandoc -t "{{x}}" a.md',
  'php -d "{{x}}" a.php',
  'php -dauto_prepend_file="{{x}}" a.php',
  'php --file="{{x}}"',
  'ruby -I"{{x}}" a.rb',
  'lua -l "{{x}}" a.lua',
  'deno run --import-map="{{x}}" a.ts',
  'deno test "{{x}}"',
  'bun --preload="{{x}}" a.ts',
  'tsx watch "{{x}}"',
  'gawk -i "{{x}}" 1 f',
  'awk --file="{{x}}" f',
  'apt-get -o "{{x}}" update',
  'apt-get update "{{x}}"',
  'pip install "{{x}}"',
  'uv pip install -- "{{x}}"',
  'npm create "{{x}}"',
  'npx -p "{{x}}" a',
  'cargo --config "{{x}}" build',
  'go build -toolexec "{{x}}"',
  'go test "{{x}}"',
  'hg --config "{{x}}" log',
  'socat - "{{x}}"',
  'openssl dgst -engine "{{x}}" f',
  'systemd-run -p ExecStartPre="{{x}}" ls',
  'less --lesskey-src="{{x}}" f',
  'man -C "{{x}}" ls',
  'git -c gc.recentObjectsHook="{{x}}" gc',
  'git -c instaweb.httpd="{{x}}" instaweb',
  'ftp -o "{{x}}" ftp://host/a',
  'mailx -S "{{x}}" a@b < f',
  'mutt -e "{{x}}" a@b < f',
  'mutt -s a "{{x}}" < f',
  'echo "{{x}}" | sendmail "{{x}}"',
  'mongosh "{{x}}"',
  'conda run -n base "{{x}}"',
  'mise exec -- "{{x}}"',
  'apptainer exec a.sif "{{x}}"',
  'chronic "{{x}}"',
  'gtimeout 5 "{{x}}"',
  'rails runner "{{x}}"',
  'rake -e "{{x}}"',
  'echo "{{x}}" > f.jar; java -javaagent:f.jar A',
  'echo "{{x}}" > f; awk --file=f a',
  'echo "{{x}}" > f; kubectl --kubeconfig f get pod',
];

/** What stands beside them and is safe. */
const SAFE = [
  'git log -- "{{x}}"; git show "{{x}}"; git blame "{{x}}"; git -C repo log --oneline "{{x}}"',
  'git -c color.ui=never log -- "{{x}}"; git -c user.name="{{x}}" commit -m "{{x}}"',
  'git -c safe.directory="{{x}}" status; git --work-tree="{{x}}" status; git --no-pager diff "{{x}}"',
  'git config user.email "{{x}}"; git config --global user.name "{{x}}"; git config --get "{{x}}"; git config --list',
  'git stash push -m "{{x}}"; git stash push "{{x}}"; git commit -m push "{{x}}"; git log --grep=fetch "{{x}}"',
  'git clone -q --depth 1 -- "{{x}}" d; git init -b main -- "{{x}}"; git remote add o "{{x}}"; git branch "{{x}}"',
  'java -jar fixed.jar "{{x}}"; java -jar fixed.jar -D"{{x}}" -cp "{{x}}"; java -cp a:b org.a.Main "{{x}}"',
  'java -Xmx"{{x}}" -Dfile.encoding="{{x}}" -Djava.net.preferIPv4Stack="{{x}}" -jar a.jar; java A.java "{{x}}"',
  'javac -d out -- "{{x}}"; mvn -q -Dtest="{{x}}" test; ./gradlew test -PfileName="{{x}}"',
  'kubectl get pod "{{x}}" -n "{{x}}" -o json; kubectl logs "{{x}}" -c "{{x}}" --tail 5; kubectl describe "{{x}}"',
  'kubectl exec -n a pod -c web -- ls "{{x}}"; kubectl run p --image i --rm -it --restart=Never -- ls "{{x}}"',
  'kubectl exec "{{x}}" -- date; kubectl create job j --from=cronjob/"{{x}}"; kubectl rollout restart "{{x}}"',
  'docker run --rm -v a:b --network host image ls "{{x}}"; docker run --entrypoint=yt-dlp image "{{x}}"',
  'docker run -d --name "{{x}}" -e A="{{x}}" image; docker exec --privileged web ls "{{x}}"; docker pull "{{x}}"',
  'docker compose run --rm --no-deps web ls "{{x}}"; docker volume create "{{x}}"; docker inspect "{{x}}"',
  'helm status "{{x}}"; helm upgrade --install a chart --set image.tag="{{x}}"; helm install -- "{{x}}" chart',
  'python3 run.py -c "{{x}}"; python3 -m json.tool "{{x}}"; python3 -m http.server "{{x}}"; pytest -k "{{x}}"',
  'node a.js -r "{{x}}" -e "{{x}}"; node --test-name-pattern="{{x}}" --test a.js; deno run -A a.ts "{{x}}"',
  'bash a.sh -c "{{x}}"; sh -c \'grep "$@"\' _ -c "{{x}}"; perl a.pl -e "{{x}}"; ruby a.rb -r "{{x}}"',
  'php a.php -d "{{x}}"; php -d memory_limit="{{x}}" a.php; php artisan list "{{x}}"; lua a.lua -e "{{x}}"',
  'sudo --non-interactive systemctl restart "{{x}}"; timeout --foreground 5 ls "{{x}}"; xargs --null ls "{{x}}"',
  'ssh -o ConnectTimeout="{{x}}" -i "{{x}}" -p "{{x}}" host date; scp -o User="{{x}}" -- a host:"{{x}}"',
  'sqlite3 -header -csv "{{x}}" "select 1"; psql -h "{{x}}" -d "{{x}}" -Atc "select 1"; strace -p "{{x}}"',
  'tar --exclude "{{x}}" -C "{{x}}" -xf a.tar; sed -n p -- "{{x}}"; awk -F "{{x}}" -v a="{{x}}" 1 f; sort -- "{{x}}"',
  'wget -qO- -- "{{x}}"; curl -fsS -o out -- "{{x}}"; pandoc -o "{{x}}" a.md; zip -r a.zip -- "{{x}}"; gcc -o "{{x}}" a.c',
  'echo "{{x}}" | mail -s "{{x}}" -r a@b -- "{{x}}"; mailx -s "{{x}}" a@b < f; mutt -s "{{x}}" -a f -- "{{x}}" < f',
  'sendmail -t < f; sendmail -f "{{x}}" -- "{{x}}" < f; mongosh --host "{{x}}" a.js; lftp -f fixed.lftp; ftp -n < fixed',
  'conda run -n "{{x}}" python run.py "{{x}}"; rbenv exec ruby a.rb "{{x}}"; chronic ls "{{x}}"; flatpak run org.a "{{x}}"',
  'apt-get update; apt-cache show -- "{{x}}"; npm view "{{x}}"; npm run build -- "{{x}}"; cargo run -- "{{x}}"',
  'pip install --target "{{x}}" requests; pip show "{{x}}"; npx eslint -- "{{x}}"; dotnet run -- "{{x}}"; go run . "{{x}}"; rake build',
  'echo "{{x}}" > f; find . -exec cat {} +; find . -name "*.txt" | xargs grep a; ls | while read -r a; do cat "$a"; done',
  'echo "{{x}}" > log; find jobs -name "*.sh" -exec sh {} \\;; ls jobs/*.sh | xargs -n1 echo; env A=log ./run.sh',
  't=$(mktemp); echo "{{x}}" > "$t"; find . -name run -exec sh {} \\;; ENV=env.sh sh -i; BASH_ENV=./env.sh ./run.sh',
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
