/** A piece of settings to paste. */
interface Snippet {
  /** Where it goes. */
  readonly where: string;
  readonly format: 'json' | 'shell' | 'typescript' | 'python';
  /** `{{url}}` and `{{token}}` stand for the endpoint and the token. Only clients that cannot read a variable need `{{token}}`. */
  readonly template: string;
}

/** An MCP client and how it is told of a server with a token. */
export interface Client {
  readonly name: string;
  readonly title: string;
  /** Empty where a token alone does not do. */
  readonly snippets: readonly Snippet[];
  /** What to do with the settings, and what this client cannot. */
  readonly note: string;
  /** True when it calls from its maker's machines, so that only a public https URL can be reached. */
  readonly remote: boolean;
}

/** Settings as JSON, indented by two. */
export function jsonTemplate(settings: object): string {
  return JSON.stringify(settings, null, 2);
}

/** Puts URL and token in. Both were checked to hold nothing that JSON, a shell or a program text would read otherwise. */
export function fillTemplate(template: string, values: { readonly url: string; readonly token: string }): string {
  return template.replaceAll('{{url}}', () => values.url).replaceAll('{{token}}', () => values.token);
}
