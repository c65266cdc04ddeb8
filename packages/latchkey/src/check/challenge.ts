/** One challenge of a WWW-Authenticate header (RFC 9110 §11.6.1). Names of parameters are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const SCHEME = /^[ \t,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:[ \t]+|$|(?=,))/;
const PARAMETER = /^[ \t,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/;

/** Every challenge of all the headers; what cannot be read ends the header it is in. */
export function parseChallenges(values: readonly string[]): readonly Challenge[] {
  return values.flatMap(parseHeader);
}

function parseHeader(value: string): readonly Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = value;
  while (rest.trim() !== '') {
    const parameter = PARAMETER.exec(rest);
    const last = found.at(-1);
    if (parameter !== null && last !== undefined) {
      const [whole, name = '', quoted, plain = ''] = parameter;
      last.parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain);
      rest = rest.slice(whole.length);
      continue;
    }
    const scheme = SCHEME.exec(rest);
    if (scheme === null) break;
    found.push({ scheme: scheme[1] ?? '', parameters: new Map() });
    rest = rest.slice(scheme[0].length);
  }
  return found;
}
