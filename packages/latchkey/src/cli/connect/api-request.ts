import { VARIABLE, type Snippet } from './client.ts';

type Json = string | number | readonly Json[] | { readonly [name: string]: Json };

/** A call of an HTTP API that hands a server and its token on, and how its maker's libraries spell it. */
export interface ApiRequest {
  readonly url: string;
  /** As shell words: in double quotes they may name a variable. */
  readonly headers: readonly string[];
  /** Texts are as they are; TOKEN stands for the token. */
  readonly body: Readonly<Record<string, Json>>;
  /** What the libraries say in their own way instead of by a header. */
  readonly libraryBody?: Readonly<Record<string, Json>>;
  readonly typescript: Library;
  readonly python: Library;
}

interface Library {
  readonly package: string;
  readonly before: string;
  /** Up to the opening bracket, and from the closing one. */
  readonly call: readonly [string, string];
}

/** Stands for the token where a body needs it. */
export const TOKEN = '{{variable}}';

/** The call for a shell, in TypeScript and in Python; each reads the token from the environment. */
export function renderRequest(request: ApiRequest): readonly Snippet[] {
  const body = { ...request.body, ...request.libraryBody };
  return [
    { where: 'a shell', format: 'shell', template: toShell(request) },
    {
      where: `a TypeScript program with ${request.typescript.package}`,
      format: 'typescript',
      template: joinCall(request.typescript, toTypeScript(body, '')),
    },
    {
      where: `a Python program with ${request.python.package}`,
      format: 'python',
      template: joinCall(request.python, toArguments(body)),
    },
  ];
}

// The body goes over standard input, so that the token is in no argument list; the shell puts it in.
function toShell({ url, headers, body }: ApiRequest): string {
  const words = ["'Content-Type: application/json'", ...headers].map((header) => `  -H ${header} \\\n`);
  const text = JSON.stringify(body, null, 2).replaceAll(TOKEN, () => `$${VARIABLE}`);
  return `curl -sS ${url} \\\n${words.join('')}  -d @- <<EOF\n${text}\nEOF`;
}

function joinCall({ before, call }: Library, body: string): string {
  return `${before}\n${call[0]}${body}${call[1]}`;
}

function toTypeScript(value: Json, indent: string): string {
  if (value === TOKEN) return `process.env.${VARIABLE}`;
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'number') return String(value);
  const deeper = `${indent}  `;
  const lines = isList(value)
    ? value.map((each) => toTypeScript(each, deeper))
    : Object.entries(value).map(([name, each]) => `${name}: ${toTypeScript(each, deeper)}`);
  return bracket(lines, isList(value) ? '[]' : '{}', indent, '  ');
}

function toArguments(body: Readonly<Record<string, Json>>): string {
  const lines = Object.entries(body).map(([name, each]) => `${name}=${toPython(each, '    ')}`);
  return bracket(lines, '()', '', '    ').slice(1, -1);
}

function toPython(value: Json, indent: string): string {
  if (value === TOKEN) return `os.environ["${VARIABLE}"]`;
  if (typeof value === 'string' || typeof value === 'number') return JSON.stringify(value);
  const deeper = `${indent}    `;
  const lines = isList(value)
    ? value.map((each) => toPython(each, deeper))
    : Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${toPython(each, deeper)}`);
  return bracket(lines, isList(value) ? '[]' : '{}', indent, '    ');
}

/** A list of one word stays on its line. */
function bracket(
  lines: readonly string[],
  [open, close]: string | readonly string[],
  indent: string,
  step: string,
): string {
  if (open === '[' && lines.length === 1 && !lines[0]!.includes('\n')) return `[${lines[0]}]`;
  return `${open}\n${lines.map((line) => `${indent}${step}${line},\n`).join('')}${indent}${close}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
