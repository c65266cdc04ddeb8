import type { HttpAction, HttpBody, JsonValue, Template } from '../../core/declared-tool.ts';
import type { Values } from './arguments.ts';
import type { Prepared } from './program.ts';
import { renderTemplate, toText } from './template.ts';

/** A request to be sent; the URL is of the action's origin. */
export interface Request {
  readonly method: string;
  readonly url: URL;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

const DEFAULT_TYPES: Readonly<Record<HttpBody['encoding'], string>> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  text: 'text/plain; charset=utf-8',
};
// How a message is framed is not the file's to say.
const FRAMING = new Set(
  'accept-encoding connection content-length expect keep-alive te trailer transfer-encoding upgrade'.split(' '),
);
// RFC 9110 §5.5: visible ASCII, space, tab and obs-text.
const NOT_IN_HEADER = /[^\t\u0020-\u007e\u0080-\u00ff]/;

/** The request that a call makes: every value encoded for the place where it stands, so that it stays a value. */
export function toRequest(action: HttpAction, values: Values): Prepared<Request> {
  const problems = [...pathProblems(action.path, values), ...headerProblems(action, values)];
  if (problems.length > 0) return { problems };
  const path = renderTemplate(action.path, values, encodeValue).replace(/^(?!\/)/, '/');
  const query = action.query === null ? '' : `?${renderTemplate(action.query, values, encodeValue)}`;
  const url = new URL(`${action.origin}${path}${query}`);
  if (url.origin !== new URL(action.origin).origin || url.username !== '')
    return { problems: ['they lead to another server'] };
  url.hash = '';
  const body = action.body === null ? null : Buffer.from(toBody(action.body, values));
  return { method: action.method, url, headers: toHeaders(action, values, body), body };
}

function encodeValue(value: JsonValue | undefined): string {
  return encodeURIComponent(toText(value));
}

function toHeaders(action: HttpAction, values: Values, body: Buffer | null): Readonly<Record<string, string>> {
  const own = action.headers
    .map(([name, template]) => [name.toLowerCase(), renderTemplate(template, values, toText).trim()] as const)
    .filter(([name]) => !FRAMING.has(name));
  const type = action.body === null ? {} : { 'content-type': DEFAULT_TYPES[action.body.encoding] };
  return {
    accept: '*/*',
    'user-agent': 'latchkey',
    ...type,
    ...Object.fromEntries(own),
    'accept-encoding': 'identity',
    ...(body === null ? {} : { 'content-length': String(body.length) }),
  };
}

function toBody({ encoding, template }: HttpBody, values: Values): string {
  return renderTemplate(template, values, (value, { quoted }) => {
    if (encoding === 'form') return encodeValue(value);
    if (encoding === 'text') return toText(value);
    return quoted ? JSON.stringify(toText(value)).slice(1, -1) : JSON.stringify(value ?? null);
  });
}

function headerProblems({ headers }: HttpAction, values: Values): readonly string[] {
  const named = new Set(headers.flatMap(([, template]) => toParameters(template)));
  return [...named]
    .filter((name) => NOT_IN_HEADER.test(toText(values.get(name))))
    .map(
      (name) => `${name}: stands in a header, which takes no line breaks, control characters or letters beyond U+00FF`,
    );
}

/** A segment that is empty, `.` or `..` would make it another path. */
function pathProblems(path: Template, values: Values): readonly string[] {
  return toSegments(path).flatMap((segment) => {
    const names = toParameters(segment);
    if (names.length === 0) return [];
    const text = renderTemplate(segment, values, encodeValue);
    if (text === '') return [`${names.join(', ')}: stands in the path of the URL and must not be empty`];
    return /^(?:\.|%2e){1,2}$/i.test(text)
      ? [`${names.join(', ')}: stands in the path of the URL, where . and .. are another path`]
      : [];
  });
}

function toSegments(path: Template): readonly Template[] {
  const segments: Template[number][][] = [[]];
  for (const part of path) {
    const [first, ...more] = typeof part === 'string' ? part.split('/') : [part];
    if (first !== undefined) segments.at(-1)?.push(first);
    for (const segment of more) segments.push([segment]);
  }
  return segments;
}

function toParameters(template: Template): readonly string[] {
  return template.flatMap((part) => (typeof part === 'string' ? [] : [part.parameter]));
}
