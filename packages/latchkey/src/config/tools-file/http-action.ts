import type { HttpAction, HttpBody, Template } from '../../core/declared-tool.ts';
import type { Path } from '../yaml-document.ts';
import type { Building } from './building.ts';
import { parseExtractPath } from './extract-path.ts';
import { createJsonBody } from './json-body.ts';
import { findPlaceholders, findSpaced, toTemplate } from './placeholder.ts';
import type { HttpSettings } from './tools-schema.ts';

const URL_PARTS = /^(https?:\/\/[^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/i;
const HEADER_NAME = /^[\w!#$%&'*+\-.^`|~]{1,128}$/;
/** What frames a message, or says whom it is for, is set by whoever sends it. */
const FRAMING =
  /^(?:host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-length|content-encoding|expect|http2-settings|:.*)$/;

/** Makes the action of a tool with `http`; null when it cannot be made. */
export function createHttpAction(http: HttpSettings, building: Building): HttpAction | null {
  const url = splitUrl(http.url, building);
  const headers = createHeaders(http, building);
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  const body = http.body === undefined ? null : createBody(http.body, type, building);
  if (body !== null && type === undefined) headers.push(['Content-Type', ['application/json']]);
  const extract = http.extract_json === undefined ? null : parseExtractPath(http.extract_json);
  if (extract === undefined)
    building.problem([...building.at, 'http', 'extract_json'], 'is no path such as data.items[0].name');
  if (url === null || extract === undefined) return null;
  return { kind: 'http', method: http.method.toUpperCase(), ...url, headers, body, extract };
}

type Address = Pick<HttpAction, 'origin' | 'path' | 'query'>;

function splitUrl(text: string, building: Building): Address | null {
  const at = [...building.at, 'http', 'url'];
  const [, origin = '', path = '', query, fragment] = URL_PARTS.exec(text) ?? [];
  const places = findPlaceholders(text, building.known);
  const [first] = places;
  if (first !== undefined && (origin === '' || first.start < origin.length)) {
    const message = `{{${first.name}}} would choose the server, or what it is reached by; name scheme, host and port in the file`;
    building.problem(at, message, first.start);
    return null;
  }
  const problem = findUrlProblem(origin, fragment);
  if (problem !== null) {
    building.problem(at, problem);
    return null;
  }
  const parts = (part: string): Template => toTemplatePart(encodeLiteral(part), at, building);
  return {
    origin: new URL(origin).origin,
    path: path === '' ? ['/'] : parts(path),
    query: query === undefined || query === '' ? null : parts(query),
  };
}

function findUrlProblem(origin: string, fragment: string | undefined): string | null {
  const url = URL.parse(origin);
  if (origin === '' || url === null || url.hostname === '') return 'is no http or https URL';
  if (origin.includes('@'))
    return 'has a user or password in it; write a header Authorization with ${NAME} from the environment';
  if (/[\\\s%]/.test(origin)) return 'has signs in its host that programs read in several ways';
  return fragment === undefined ? null : 'has a fragment, which is never sent';
}

/** What no URL may hold as it is; what is encoded already stays. */
function encodeLiteral(text: string): string {
  return text.replaceAll(/\{\{[A-Za-z_][\w-]*\}\}|[^\w\-.~:/?@!$&'()*+,;=%[\]]|%(?![0-9A-Fa-f]{2})/gu, (found) =>
    found.startsWith('{{') ? found : encodeURIComponent(found),
  );
}

/** A template of a part of the request; what is no parameter is a problem. */
function toTemplatePart(text: string, path: Path, { known, problem }: Building): Template {
  const places = findPlaceholders(text, known);
  for (const { name, start } of places)
    if (!known.has(name)) problem(path, `{{${name}}} is no parameter of this tool`, start);
  for (const { name, start } of findSpaced(text, known))
    problem(path, `{{ ${name} }} is no place for a value; write {{${name}}} without spaces`, start);
  return toTemplate(text, places);
}

function createHeaders({ headers }: HttpSettings, building: Building): [name: string, value: Template][] {
  const seen = new Set<string>();
  return Object.entries(headers).map(([name, text]) => {
    const path = [...building.at, 'http', 'headers', name];
    const lower = name.toLowerCase();
    if (!HEADER_NAME.test(name)) building.problem(path, 'is no header name');
    else if (FRAMING.test(lower)) building.problem(path, 'is a header that the gateway sets itself');
    else if (seen.has(lower)) building.problem(path, 'is there twice');
    seen.add(lower);
    const value = text.trim();
    if (/[^\t\u0020-\u007e\u00a0-\u00ff]/.test(value)) building.problem(path, 'has a sign that no header can hold');
    return [name, toTemplatePart(value, path, building)];
  });
}

function createBody(text: string, type: Template | undefined, building: Building): HttpBody {
  const path = [...building.at, 'http', 'body'];
  const encoding = encodingOf(type);
  if (encoding === null) {
    building.problem(
      [...building.at, 'http', 'headers'],
      'a parameter cannot choose the Content-Type, by which values are encoded',
    );
  }
  const template = toTemplatePart(text, path, building);
  if (encoding !== 'json') return { encoding: encoding ?? 'text', template };
  return { encoding, template: createJsonBody(text, path, building) };
}

function encodingOf(type: Template | undefined): HttpBody['encoding'] | null {
  if (type === undefined) return 'json';
  if (type.some((part) => typeof part !== 'string')) return null;
  const essence =
    String(type[0] ?? '')
      .split(';', 1)[0]
      ?.trim()
      .toLowerCase() ?? '';
  if (essence === 'application/x-www-form-urlencoded') return 'form';
  return /^application\/(?:[\w.-]+\+)?json$|^text\/json$/.test(essence) ? 'json' : 'text';
}
