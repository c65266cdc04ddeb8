const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/** As `JSON.parse`, but that numbers keep their spelling when they are written again. Throws when the text is not JSON. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, keepNumber) as unknown;
}

function keepNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && String(value) !== source ? rawJson(source) : value;
}
