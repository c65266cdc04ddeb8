import { LOADING, type Program } from './program.ts';

/** What runs spiders, notebooks, documents and pipelines in Python. */
export const PYTHON_JOBS: readonly Program[] = [
  {
    names: ['scrapy'],
    language: 'a setting of Scrapy, which can name a module',
    settings: 's',
    settingsOptions: ['--set'],
    running:
      /(?:CLASS|CLASSES|SCHEDULER|QUEUE|CACHE|ADDONS|CONTEXTFACTORY|DUPEFILTER_\w+|EXPORTERS\w*|EXTENSIONS\w*|HANDLERS\w*|MIDDLEWARES\w*|PIPELINES\w*|STORAGES\w*|CONTRACTS\w*|POLICY|STORAGE|MODULE|MODULES|REACTOR|RESOLVER|LOOP|FORMATTER|EDITOR)$/,
    takes: 'aoOL',
    takesOptions: ['--output', '--overwrite-output', '--logfile', '--loglevel', '--spider', '--callback'],
    optionsRun: true,
    idle: { operands: 2 },
    instead: 'name the setting here',
  },
  {
    names: ['scrapy'],
    only: ['runspider'],
    ...LOADING,
    subcommands: ['runspider'],
    operands: 'files',
    takes: 'aoOs',
  },
  {
    names: ['scrapy'],
    only: ['shell'],
    language: 'a Python program',
    letters: 'c',
    takes: 's',
    optionsRun: true,
    instead: 'write a spider of your own that takes it: scrapy crawl NAME -a x="{{…}}"',
  },
  {
    names: ['jupyter'],
    only: ['nbconvert --execute', 'execute', 'run'],
    ...LOADING,
    takesOptions: ['--output', '--output-dir', '--kernel_name', '--timeout'],
    subcommands: ['nbconvert', 'execute', 'run'],
    operands: 'files',
  },
  {
    names: ['jupyter'],
    only: ['nbconvert'],
    ...LOADING,
    // Exporters, writers and templates are Python too.
    loadsOptions: ['--config', '--to', '--post', '--writer', '--template', '--template-file'],
    takesOptions: ['--output', '--output-dir', '--log-level'],
  },
  {
    names: ['sphinx-build', 'sphinx-autobuild', 'sphinx'],
    language: 'a setting of Sphinx, which can load modules and name programs',
    settings: 'D',
    running: /^(?:extensions|graphviz_dot|latex_\w+|imgmath_\w+|\w*(?:_path|command|cmd|converter))$/,
    loads: 'c',
    takes: 'bdjtAwM',
    takesOptions: ['--builder', '--doctree-dir', '--jobs'],
    script: true,
    instead: 'name the setting here',
  },
  {
    names:
      'papermill manim scalene viztracer kernprof cookiecutter pydoc cpanm cpan easy_install pyinstaller spark-submit'.split(
        ' ',
      ),
    ...LOADING,
    loadsOptions:
      '--jars --packages --py-files --files --conf --driver-class-path --repositories --properties-file --config-file --replay-file'.split(
        ' ',
      ),
    takesOptions:
      '--master --name --deploy-mode --class --num-executors --executor-memory --output-dir --add-data --icon --distpath --resolution --fps --output_file --quality'.split(
        ' ',
      ),
    takes: 'kpwo',
    script: true,
    ends: 'file',
  },
  {
    names: ['streamlit', 'chainlit', 'fastapi', 'nextflow', 'mprof', 'memray', 'mlflow'],
    only: ['run', 'dev'],
    ...LOADING,
    loads: 'c',
    loadsOptions: ['--config'],
    subcommands: ['run', 'dev'],
    script: true,
    ends: 'file',
  },
  {
    names: ['robot', 'behave', 'nosetests'],
    ...LOADING,
    loads: 'PV',
    loadsOptions: '--listener --library --pythonpath --variablefile --prerunmodifier --parser --steps-dir'.split(' '),
    takes: 'vtidieoNLD',
    takesOptions: '--include --exclude --variable --test --suite --outputdir --tags --name --loglevel'.split(' '),
    operands: 'files',
  },
  {
    names: ['snakemake', 'mitmdump', 'mitmproxy', 'mitmweb'],
    ...LOADING,
    loads: 's',
    loadsOptions: ['--snakefile', '--directory', '--profile', '--workflow-profile', '--scripts', '--confdir', '--set'],
    takes: 'cjpwrm',
    takesOptions: [
      '--cores',
      '--jobs',
      '--listen-port',
      '--listen-host',
      '--mode',
      '--until',
      '--wfile',
      '--rfile',
      '--read-flows',
      '--client-replay',
      '--save-stream-file',
    ],
  },
];
