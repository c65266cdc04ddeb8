type Json = Readonly<Record<string, unknown>>;

/** What a model is told of a tool. */
const MEMBERS = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;

/**
 * A tool of a list as one text, whatever the order of its members and the spelling of its numbers: two tools with equal
 * texts are told to a model alike. Members that say nothing to a model are left out.
 */
export function spellDefinition(tool: Json): string {
  return JSON.stringify(Object.fromEntries(MEMBERS.map((name) => [name, tool[name]])), (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? sortMembers(value as Json) : value,
  );
}

function sortMembers(value: Json): unknown {
  // A number that kept its spelling (JSON.rawJSON) is that number.
  if (Object.getPrototypeOf(value) === null && typeof value['rawJSON'] === 'string') return Number(value['rawJSON']);
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
