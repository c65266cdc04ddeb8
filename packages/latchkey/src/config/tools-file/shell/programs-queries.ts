import type { Program } from './program.ts';

const SQL = 'let callers write the whole statement, or limit the parameter with enum or to a number';

/** Clients of databases. */
export const QUERIES: readonly Program[] = [
  {
    names: ['redis-cli'],
    language: 'commands of Redis',
    takes: 'hpandurix',
    input: 'alone',
    instead: 'pass it as an argument: redis-cli GET "{{…}}"',
  },
  {
    names: ['mongosh', 'mongo'],
    language: 'a JavaScript program',
    options: ['--eval'],
    takes: 'up',
    takesOptions: ['--host', '--port', '--username', '--password', '--authenticationDatabase'],
    optionsRun: true,
    input: 'alone',
    instead: 'read it from the environment: process.env.GANTZ_ARG_…',
  },
  {
    names: ['psql', 'cockroach', 'usql'],
    language: 'SQL and commands of the client, which run programs too',
    letters: 'c',
    options: ['--command', '--execute'],
    takes: 'dhpUvPFoRTL',
    takesOptions: ['--dbname', '--host', '--port', '--username', '--variable', '--set', '--pset', '--url'],
    optionsRun: true,
    file: 'f',
    fileOptions: ['--file'],
    input: 'alone',
    query: true,
    instead: `${SQL}; psql takes values with -v x="{{…}}" and :'x' in a file or on standard input`,
  },
  {
    names: ['psql'],
    language: 'a file, or a program behind |',
    letters: 'o',
    options: ['--output'],
    takes: 'cdfhpUvPFRTL',
    instead: 'name the file here',
  },
  {
    names: ['mysql', 'mariadb', 'clickhouse-client', 'sqlcmd', 'cqlsh', 'trino'],
    language: 'SQL and commands of the client, which run programs too',
    letters: 'eqQ',
    options: ['--execute', '--query', '--init-command'],
    takes: 'hPuDS',
    takesOptions: ['--host', '--port', '--user', '--database'],
    optionsRun: true,
    input: 'alone',
    query: true,
    instead: SQL,
  },
  {
    names: ['sqlite3', 'sqlite', 'duckdb'],
    language: 'SQL and commands of the client, which run programs too',
    options: ['-cmd', '--cmd', '-c', '-s'],
    takesOptions: ['-separator', '-nullvalue', '-newline'],
    loadsOptions: ['-init', '--init'],
    operands: 'behind-first',
    input: 'alone',
    query: true,
    instead: `${SQL}; sqlite3 takes values with .parameter on standard input`,
  },
];
