/** A set of tools declared in a file (the gantz.yaml format), checked, with every `${VAR}` in it expanded. */
export interface DeclaredTools {
  /** What the server calls itself (`serverInfo`). */
  readonly name: string;
  readonly version: string;
  readonly description: string | null;
  /** In file order; names are unique, also when read without regard to case. */
  readonly tools: readonly DeclaredTool[];
}

/** One tool: what callers see of it, and what a call does. */
export interface DeclaredTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly action: ShellAction | CommandAction | HttpAction;
  /** What a script finds in its environment besides PATH, HOME and LANG; values may be secret. */
  readonly environment: Readonly<Record<string, string>>;
  /** Texts that no result, error or record may show: values of `secrets` and `environment`. */
  readonly hidden: readonly string[];
  /** Null: the script runs as the gateway does. */
  readonly sandbox: { readonly network: boolean } | null;
  readonly timeoutMs: number;
  /** Bytes of output that a result holds; what is beyond is cut, and said to be. */
  readonly maxOutputBytes: number;
  readonly tests: readonly ToolTest[];
}

/** A parameter, as the file declares it; its limits are those of JSON Schema 2020-12. */
export interface Parameter {
  readonly name: string;
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';
  readonly description: string | null;
  readonly required: boolean;
  /** Already of the parameter's type; undefined where there is none. */
  readonly default: JsonValue | undefined;
  /** `enum` or `allowed_values`. */
  readonly allowed: readonly JsonValue[] | null;
  /** A pattern without back-tracking (RE2), found anywhere in the text. */
  readonly pattern: { readonly source: string; test(text: string): boolean } | null;
  readonly minLength: number | null;
  readonly maxLength: number | null;
  readonly minimum: number | null;
  readonly maximum: number | null;
}

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/**
 * A script for a shell. `{{param}}` is gone from it: each became a reference to the variable GANTZ_ARG_<NAME> that fits
 * the quotes around it, so that a value is never syntax.
 */
export interface ShellAction {
  readonly kind: 'shell';
  /** Absolute path of the shell. */
  readonly shell: string;
  readonly script: string;
  /** Absolute. */
  readonly workingDirectory: string;
}

/** A program and its arguments; no shell reads them. `{{param}}` in an argument is the value's text. */
export interface CommandAction {
  readonly kind: 'command';
  readonly command: string;
  readonly args: readonly Template[];
  /** Absolute. */
  readonly workingDirectory: string;
}

export interface HttpAction {
  readonly kind: 'http';
  /** Upper case. */
  readonly method: string;
  /** Scheme, host and port, without a parameter in them: what the tool may reach. */
  readonly origin: string;
  readonly path: Template;
  /** Without its `?`; null when the URL has none. */
  readonly query: Template | null;
  readonly headers: readonly (readonly [name: string, value: Template])[];
  readonly body: HttpBody | null;
  /** Dot notation as in `data.items[0].name`; null: the whole answer. */
  readonly extract: readonly (string | number)[] | null;
}

export interface HttpBody {
  /** How values stand in it: as JSON, percent-encoded, or as they are. */
  readonly encoding: 'json' | 'form' | 'text';
  readonly template: Template;
}

/**
 * Text with places for values. In a JSON body `quoted` places stand inside a string of the file's own and the others are
 * whole values.
 */
export type Template = readonly (string | { readonly parameter: string; readonly quoted: boolean })[];

/** A call that `latchkey tools test` makes, and what it expects of the result. */
export interface ToolTest {
  readonly input: Readonly<Record<string, JsonValue>>;
  readonly expect: { readonly contains: string } | { readonly error: true | string };
}

/** What became of one call; `text` is bounded, printable, and without what is hidden. */
export interface ToolResult {
  readonly text: string;
  readonly isError: boolean;
}

/** Runs declared tools. */
export interface ToolRunner {
  /**
   * Checks the arguments and runs the tool. Never rejects: whatever goes wrong is a result that is an error. An abort ends
   * the script's whole process group, or the request, and the result is of no interest then.
   */
  call(tool: DeclaredTool, args: unknown, signal: AbortSignal): Promise<ToolResult>;
  /** Ends what is running. */
  close(): Promise<void>;
}
