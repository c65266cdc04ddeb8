/** The variable that settings name where a client can read one. */
export const VARIABLE = 'LATCHKEY_TOKEN';

/** A piece of settings to paste. */
export interface Snippet {
  /** Where it goes. */
  readonly where: string;
  readonly format: 'json' | 'toml' | 'shell' | 'typescript' | 'python';
  /** `{{url}}` and `{{token}}` stand for the endpoint and the token. Only clients that cannot read a variable need `{{token}}`. */
  readonly template: string;
}

type Value = string | boolean | readonly Value[] | { readonly [name: string]: Value };

/** One thing that a settings file must hold; the rest of the file is the user's. */
export interface Entry {
  /** The way to it from the top of the file. */
  readonly path: readonly string[];
  /** `{{url}}` and `{{token}}` in its texts stand for the endpoint and the token. */
  readonly value: Value;
  /** What stands at `path` is a list, and the element with the same value of this member is meant. */
  readonly elementBy?: string;
}

/** Whom a settings file is for: one folder, or everything that the user does. */
export type Scope = 'project' | 'user';

/** A path, or one for each system. `~/` is the home folder, `${NAME:-path}` an environment variable or, where unset, the path. */
export type FilePath = string | Readonly<Record<'linux' | 'darwin' | 'win32', string>>;

/** Settings that stand in a file of the client's. */
export interface Settings {
  /** `jsonc` takes comments and a comma before a closing bracket. */
  readonly format: 'json' | 'jsonc' | 'toml';
  readonly entries: readonly Entry[];
  /** Where people find the file. */
  readonly where: string;
  /** The first is meant where nothing else is said; empty where only the user knows the file. */
  readonly files: readonly { readonly scope: Scope; readonly path: FilePath }[];
}

/** An MCP client and how it is told of a server with a token. */
export interface Client {
  readonly name: string;
  readonly title: string;
  /** Null where it has no file for them. */
  readonly settings: Settings | null;
  /** Programs and commands. Empty, with no settings either, where a token alone does not do. */
  readonly snippets: readonly Snippet[];
  /** What to do with the settings, and what this client cannot. */
  readonly note: string;
  /** True when it calls from its maker's machines, so that only a public https URL can be reached. */
  readonly remote: boolean;
}

export interface Values {
  readonly url: string;
  readonly token: string;
}

/** Puts URL and token in. Both were checked to hold nothing that JSON, a shell or a program text would read otherwise. */
export function fillTemplate(template: string, { url, token }: Values): string {
  return template.replaceAll('{{url}}', () => url).replaceAll('{{token}}', () => token);
}

/** Entries with URL and token in their texts. */
export function fillEntries(entries: readonly Entry[], values: Values): readonly Entry[] {
  return entries.map((entry) => ({ ...entry, value: fillValue(entry.value, values) }));
}

function fillValue(value: Value, values: Values): Value {
  if (typeof value === 'string') return fillTemplate(value, values);
  if (typeof value === 'boolean') return value;
  if (Array.isArray(value)) return (value as readonly Value[]).map((each) => fillValue(each, values));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fillValue(each, values)]));
}

/** Whether a token is written out in what the client is given. */
export function holdsToken({ settings, snippets }: Client): boolean {
  const texts = [JSON.stringify(settings?.entries ?? []), ...snippets.map(({ template }) => template)];
  return texts.some((text) => text.includes('{{token}}'));
}
