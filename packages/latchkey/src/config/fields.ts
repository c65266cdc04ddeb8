import { z } from 'zod';
import { EVERY_SCOPE } from '../core/principal.ts';
import { isNetwork, parseAddress } from './address.ts';
import { LONGEST_RULE_SCOPE, SCOPE_TOKEN } from '../core/scope-token.ts';
import { isOrigin, isServerUrl, isWebUrl } from '../core/web-url.ts';
import { LONGEST_TIMER_MS, parseDuration, parseRate, parseSize } from '../core/units.ts';

// The kinds of value that fields have. Each reads its text into what the program uses, and says what it wants when it
// cannot.

function read<Out>(parse: (text: string) => Out | null, wanted: string) {
  return z.string({ error: `expected ${wanted}` }).transform((text, context): Out => {
    const value = parse(text);
    if (value !== null) return value;
    context.addIssue({ code: 'custom', message: `"${text}" is not ${wanted}` });
    return z.NEVER;
  });
}

const DURATION = 'a duration such as 90s, 10m, 24h or 30d';

/** Milliseconds, more than none. */
export const duration = () => read((given) => parseDuration(given) || null, DURATION);
/** Milliseconds that a timer can wait. */
export const timeout = () =>
  duration().refine((milliseconds) => milliseconds <= LONGEST_TIMER_MS, { error: 'is longer than 24 days' });
export const rate = () => read(parseRate, 'a rate such as 20/min or 5/s');
/** Bytes. */
export const size = () => read(parseSize, 'a size such as 64KiB or 1MB');

export const address = () =>
  z.union([z.string(), z.int()], { error: 'expected HOST:PORT, [::1]:PORT or :PORT' }).transform((given, context) => {
    const parsed = parseAddress(String(given));
    if (parsed !== null) return parsed;
    context.addIssue({ code: 'custom', message: `"${given}" is not HOST:PORT, [::1]:PORT or :PORT` });
    return z.NEVER;
  });

export const count = (most: number) => z.int({ error: 'expected a whole number' }).min(1).max(most);

export const text = (most = 4096) =>
  z
    .string({ error: 'expected text' })
    .min(1, { error: 'must not be empty' })
    .max(most, { error: `longer than ${most} characters` })
    .refine((given) => !/[\u0000-\u001f\u007f]/.test(given), { error: 'has a control character' });

/** An OAuth scope-token (RFC 6749 §3.3). */
export const scope = () =>
  text(LONGEST_RULE_SCOPE)
    .regex(SCOPE_TOKEN, { error: 'a scope is of printable ASCII without space, quote or backslash' })
    .refine((given) => given !== EVERY_SCOPE, {
      error: 'the scope * cannot stand here; its holder passes every rule',
    });

export const scopes = () => z.array(scope(), { error: 'expected a list of scopes' }).max(50);

export const heldScopes = () =>
  z.array(z.union([z.literal(EVERY_SCOPE), scope()]), { error: 'expected a list of scopes' }).max(200);

export const envName = () => text(256).regex(/^[A-Za-z_]\w*$/, { error: 'is no name of an environment variable' });

/** A program and its arguments. */
export const command = () =>
  z
    .array(z.string().refine((given) => !given.includes('\u0000'), { error: 'has a null character' }))
    .min(1, { error: 'must name a program' })
    .max(1000);

const RESERVED_HEADERS =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-length|content-type|content-encoding|accept|accept-encoding|expect|origin|mcp-.*|last-event-id|x-forwarded-.*|forwarded)$/;

/** An end-to-end header that the gateway does not set itself. */
export const headerName = () =>
  text(128)
    .regex(/^[\w!#$%&'*+\-.^`|~]+$/, { error: 'is no header name' })
    .refine((given) => !RESERVED_HEADERS.test(given.toLowerCase()), {
      error: 'is a header the gateway handles itself',
    });

/** An absolute http or https URL without user, password or fragment. */
export const upstreamUrl = () =>
  text(2048).refine(isServerUrl, { error: 'expected an http or https URL without user, password or fragment' });

export const origin = () =>
  text(300).refine(isOrigin, { error: 'expected an origin such as https://inspector.example' });

const secretSource = {
  env: envName().optional().describe('Environment variable that holds it.'),
  file: text().optional().describe('File that holds it; relative to the configuration file; not readable by others.'),
};

/** `{env: NAME}` or `{file: PATH}`. */
export const secret = () =>
  z
    .strictObject(secretSource, {
      error: 'expected {env: NAME} or {file: PATH}, so that no secret stands in this file',
    })
    .refine((source) => (source.env === undefined) !== (source.file === undefined), {
      error: 'give either env or file',
    });

export const textOrSecret = () =>
  z.union([text(8192), secret()], { error: 'expected text, {env: NAME} or {file: PATH}' });

export const network = () =>
  text(64).refine(isNetwork, { error: 'is no IP address and no network such as 10.0.0.0/8' });

/** An absolute http or https URL without user, password, query or fragment. */
export const webUrl = () =>
  text(2048).refine((given) => isWebUrl(given), {
    error: 'expected an http or https URL without user, query or fragment',
  });
