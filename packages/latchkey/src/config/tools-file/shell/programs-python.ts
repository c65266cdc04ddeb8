import { LOADING, type Program } from './program.ts';

/** What runs Python, and the tools of its developers. */
export const PYTHONS: readonly Program[] = [
  {
    names: ['uv'],
    language: 'a Python program',
    subcommands: ['run'],
    file: 'm',
    fileOptions: ['--module'],
    loadsOptions: ['--with', '--with-editable', '--with-requirements', '--project', '--directory', '--env-file'],
    takes: 'p',
    takesOptions: ['--python', '--package', '--extra', '--group'],
    script: true,
    input: 'alone',
    instead: 'name the program here and pass the value as an argument of it',
  },
  {
    names: ['python', 'pypy', 'ipython', 'IPython', 'ptpython'],
    language: 'a Python program',
    runs: /\bos\.(?:system|popen|exec|spawn|posix_spawn)|\bsubprocess\b|\b(?:eval|exec|__import__)\s*\(/,
    letters: 'c',
    takes: 'WX',
    file: 'm',
    script: true,
    ends: 'given',
    input: 'alone',
    instead: 'pass it as an argument: python3 -c \'import sys; … sys.argv[1]\' "{{…}}", or script: {command, args}',
  },
  {
    // As modules of Python, and by themselves: `python3 -m cProfile FILE`.
    names: ['cProfile', 'profile', 'pdb', 'trace', 'runpy', 'doctest', 'unittest', 'coverage', 'debugpy'],
    language: 'a Python program',
    subcommands: ['run'],
    file: 'm',
    loadsOptions: ['--rcfile'],
    takes: 'kspocn',
    takesOptions: ['--source', '--count', '--listen', '--omit', '--include', '--data-file'],
    script: true,
    ends: 'file',
    instead: 'name the file here',
  },
  {
    names: ['timeit'],
    language: 'a Python program',
    letters: 's',
    options: ['--setup'],
    takes: 'nru',
    operands: 'all',
    instead: 'pass it as an argument to a program of your own',
  },
  {
    names: ['pytest', 'py.test'],
    language: 'a setting of pytest, which can load modules',
    settings: 'o',
    settingsOptions: ['--override-ini'],
    running: /^(?:addopts|pythonpath|python_\w+|testpaths|usefixtures|required_plugins|DJANGO_\w+)$/,
    loads: 'pc',
    loadsOptions: '--rootdir --confcutdir --config-file --pdbcls --cov-config --ds'.split(' '),
    takes: 'kmnrW',
    takesOptions:
      '--maxfail --durations --durations-min --tb --junitxml --junit-xml --ignore --ignore-glob --deselect --log-level --log-cli-level --log-file --color --capture --basetemp --cov --cov-report --timeout --numprocesses --dist --verbosity --import-mode --html --count --reruns'.split(
        ' ',
      ),
    operands: 'files',
    settled: /::/,
    instead: 'name the setting here',
  },
  {
    names: ['pylint'],
    ...LOADING,
    options: ['--init-hook'],
    loads: 'f',
    loadsOptions: ['--load-plugins', '--rcfile', '--output-format'],
    takes: 'dej',
    takesOptions:
      '--disable --enable --jobs --output --msg-template --fail-under --fail-on --ignore --ignore-patterns --ignore-paths --confidence --max-line-length --py-version'.split(
        ' ',
      ),
  },
  {
    names: ['mypy', 'dmypy', 'stubtest'],
    ...LOADING,
    loadsOptions: ['--config-file', '--python-executable'],
    takes: 'pmc',
    takesOptions:
      '--package --module --command --python-version --platform --exclude --cache-dir --junit-xml --output --disable-error-code --enable-error-code --follow-imports --custom-typeshed-dir'.split(
        ' ',
      ),
  },
  {
    names: ['flake8'],
    ...LOADING,
    loadsOptions: ['--config', '--append-config'],
    takes: 'j',
    takesOptions:
      '--max-line-length --max-complexity --ignore --select --extend-ignore --extend-select --exclude --extend-exclude --filename --format --output-file --per-file-ignores --jobs --stdin-display-name'.split(
        ' ',
      ),
  },
  {
    // Gunicorn calls what is named, with arguments: os:system("…"); flask does too.
    names: ['gunicorn', 'uvicorn', 'hypercorn', 'daphne', 'granian', 'waitress-serve', 'dramatiq'],
    ...LOADING,
    loads: 'ckP',
    loadsOptions:
      '--config --worker-class --pythonpath --chdir --paste --logger-class --log-config --log-config-json --app-dir --path --loop --http'.split(
        ' ',
      ),
    takes: 'bwtpugnmRe',
    takesOptions:
      '--bind --workers --threads --timeout --name --log-level --access-logfile --error-logfile --pid --user --group --max-requests --graceful-timeout --keep-alive --env --host --port --listen --root-path --processes --queues --certfile --keyfile --ssl-certfile --ssl-keyfile'.split(
        ' ',
      ),
    operands: 'files',
  },
  {
    names: ['flask', 'celery'],
    language: 'a module that it loads',
    loads: 'AI',
    loadsOptions:
      '--app --config --workdir --loader --env-file --include --scheduler --camera --autoscaler --executable --result-backend'.split(
        ' ',
      ),
    instead: 'name the module here',
  },
  {
    names: ['celery'],
    only: ['* beat'],
    language: 'a module that it loads',
    loads: 'S',
    instead: 'name the module here',
  },
  {
    // It looks for --settings in what is an argument of other options too.
    names: ['django-admin', 'manage.py', 'django'],
    ...LOADING,
    loadsOptions: ['--settings', '--pythonpath'],
  },
  {
    names: ['django-admin', 'manage.py', 'django'],
    only: ['shell', 'shell_plus'],
    language: 'a Python program',
    letters: 'c',
    options: ['--command'],
    input: 'ungiven',
    instead: 'read the value from the environment: os.environ["GANTZ_ARG_…"]',
  },
  {
    names: ['pip', 'uv', 'pipx', 'poetry', 'pdm', 'pipenv'],
    only: ['install', 'add', 'download', 'wheel', 'inject', 'pip install', 'tool install'],
    language: 'where packages come from, whose installation runs programs',
    loads: 'if',
    loadsOptions:
      '--index-url --extra-index-url --find-links --index --default-index --pip-args --spec --config-settings'.split(
        ' ',
      ),
    instead: 'name it here',
  },
  {
    names: ['conda', 'mamba', 'micromamba'],
    only: ['install', 'create', 'update', 'env create', 'env update'],
    language: 'a package, whose installation runs programs',
    loads: 'fc',
    loadsOptions: ['--file', '--channel'],
    takes: 'np',
    takesOptions: ['--name', '--prefix', '--solver'],
    subcommands: ['env'],
    operands: 'behind-first',
    instead: 'name the package here, or list the packages with enum',
  },
  {
    names: ['tox', 'nox'],
    language: 'a setting, which can run programs',
    letters: 'xk',
    options: ['--override', '--keywords'],
    loads: 'cf',
    loadsOptions: ['--conf', '--root', '--noxfile'],
    takes: 'epsntrR',
    takesOptions: '--env --workdir --skip-env --result-json --session --sessions --tags --pythons --envdir'.split(' '),
    optionsRun: true,
    instead: 'name the setting here',
  },
  {
    names: ['fab'],
    only: ['--'],
    language: 'text that the shell over there reads',
    shellText: true,
    remote: true,
    operands: 'all',
    takes: 'HitfrcSpTu',
    instead: 'write a task of your own that takes it',
  },
  {
    names: ['fab', 'inv', 'invoke'],
    common: true,
    before: true,
    ...LOADING,
    loads: 'cfr',
    loadsOptions: ['--collection', '--config', '--search-root'],
    takes: 'DFTHiSt',
    takesOptions: ['--list-depth', '--list-format', '--command-timeout', '--hosts', '--identity', '--ssh-config'],
  },
  {
    names: ['fab', 'inv', 'mkdocs', 'alembic', 'locust'],
    language: 'a file that it loads',
    loads: 'frc',
    loadsOptions: ['--config', '--config-file', '--search-root', '--collection', '--locustfile'],
    instead: 'name the file here',
  },
];
