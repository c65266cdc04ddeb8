import { z } from 'zod';
import type { Rate } from '../../core/gcra.ts';
import { parseRate, parseSize } from '../../core/units.ts';
import { parseTimeout } from './duration.ts';

// What a tools file may hold. The names are the format's own; docs/tools-file.md tells what each means.

export const MAX_TOOLS = 500;
const MAX_PARAMETERS = 100;
const MAX_OUTPUT = 64 * 1024 * 1024;

const missingOr = (wanted: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? 'is missing' : `expected ${wanted}`;

/** Text for people or programs: lines and tabs, and no other control characters. */
const text = (most = 10_000) =>
  z
    .string({ error: missingOr('text') })
    .max(most, { error: `longer than ${most} characters` })
    .refine((given) => !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(given), { error: 'has a control character' });
const given = (most?: number) => text(most).min(1, { error: 'must not be empty' });
const line = () => given(4096).refine((each) => !/[\n\t]/.test(each), { error: 'must be one line' });

function read<Out>(parse: (value: string | number) => Out | null, wanted: string) {
  return z.union([z.string(), z.number()], { error: `expected ${wanted}` }).transform((value, context): Out => {
    const parsed = parse(value);
    if (parsed !== null) return parsed;
    context.addIssue({ code: 'custom', message: `expected ${wanted}` });
    return z.NEVER;
  });
}

const FLAGS: Readonly<Record<string, boolean>> = {
  yes: true,
  on: true,
  true: true,
  no: false,
  off: false,
  false: false,
};
/** Also as YAML 1.1 spells it, which the format was first read as. */
const flag = () =>
  z.union([z.boolean(), z.string()], { error: 'expected true or false' }).transform((value, context): boolean => {
    const parsed = typeof value === 'boolean' ? value : FLAGS[value.toLowerCase()];
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: 'expected true or false' });
    return z.NEVER;
  });

const timeout = () => read(parseTimeout, 'a duration such as 30s, 1m30s or 500ms, at most 24 days');
const output = () =>
  read((value) => {
    const bytes = typeof value === 'number' ? value : parseSize(value);
    return bytes !== null && Number.isInteger(bytes) && bytes > 0 && bytes <= MAX_OUTPUT ? bytes : null;
  }, 'a size such as 64KiB or 1MiB, at most 64MiB');
const count = () => z.int({ error: 'expected a whole number' }).min(0).max(10_000_000);
const bound = () => z.number({ error: 'expected a number' });
const values = () =>
  z.array(z.unknown(), { error: 'expected a list of values' }).min(1, { error: 'must not be empty' }).max(1000);

const NAME = /^[A-Za-z0-9_.-]{1,128}$/;
const name = () =>
  z
    .string({ error: missingOr('text') })
    .regex(NAME, { error: 'a tool name is of letters, digits, _ - and ., 128 at most' })
    .refine(isPlain, { error: 'is a name that programs take for something of their own' });

const variable = () =>
  z
    .string({ error: missingOr('text') })
    .regex(/^[A-Za-z_]\w{0,255}$/, { error: 'is no name of an environment variable' })
    .refine(isPlain, { error: 'is a name that programs take for something of their own' })
    .refine((each) => !each.toUpperCase().startsWith('GANTZ_ARG_'), { error: 'GANTZ_ARG_… is where parameters are' });

/** `__proto__`, `constructor` and the like. */
function isPlain(each: string): boolean {
  return !(each.toLowerCase() in {}) && !(each in {}) && each.toLowerCase() !== 'prototype';
}

const environment = () =>
  z.record(variable(), text(65_536), { error: 'expected a mapping of variables to values' }).optional();
const secrets = () =>
  z
    .array(z.strictObject({ name: variable(), env: variable().optional() }), {
      error: 'expected a list such as [{name: API_KEY, env: API_KEY}]',
    })
    .max(200)
    .optional();
const sandbox = () =>
  z
    .union([flag(), z.strictObject({ network: flag().prefault(false) })], {
      error: 'expected true, false or {network: true}; scripts run under bubblewrap, with no other settings',
    })
    .optional();

const perPeriod = z
  .strictObject({
    requests_per_second: z.int().min(1).optional(),
    requests_per_minute: z.int().min(1).optional(),
    requests_per_hour: z.int().min(1).optional(),
  })
  .refine((each) => Object.values(each).filter((rate) => rate !== undefined).length === 1);
const rateLimit = z
  .union([z.string(), perPeriod], {
    error: 'expected a rate such as 20/min, or one of requests_per_second, requests_per_minute and requests_per_hour',
  })
  .transform((value, context): Rate => {
    const rate =
      typeof value === 'string' ? parseRate(value.replace('minute', 'min').replace('second', 's')) : toRate(value);
    if (rate !== null) return rate;
    context.addIssue({ code: 'custom', message: 'expected a rate such as 20/min or 5/s' });
    return z.NEVER;
  });

function toRate({ requests_per_second, requests_per_minute, requests_per_hour }: z.output<typeof perPeriod>): Rate {
  if (requests_per_second !== undefined) return { count: requests_per_second, periodMs: 1000 };
  if (requests_per_minute !== undefined) return { count: requests_per_minute, periodMs: 60_000 };
  return { count: requests_per_hour ?? 0, periodMs: 3_600_000 };
}

const audit = () =>
  z
    .union([z.literal(true), z.strictObject({ enabled: z.literal(true) })], {
      error:
        'every call is in the trail and it cannot be turned off or moved; how long it is kept is `trail: {retention: 90d}` in latchkey.yaml',
    })
    .optional();

const validation = z.strictObject({
  pattern: given(1000).optional(),
  min_length: count().optional(),
  max_length: count().optional(),
  minimum: bound().optional(),
  maximum: bound().optional(),
  min: bound().optional(),
  max: bound().optional(),
  allowed_values: values().optional(),
});

const parameter = z.strictObject({
  name: z
    .string({ error: missingOr('text') })
    .regex(/^[A-Za-z_][\w-]{0,63}$/, {
      error: 'a parameter name is of letters, digits, _ and -, 64 at most, and begins with a letter or _',
    })
    .refine(isPlain, { error: 'is a name that programs take for something of their own' }),
  type: z
    .enum(['string', 'number', 'integer', 'boolean', 'array', 'object'], {
      error: 'expected string, number, integer, boolean, array or object',
    })
    .prefault('string'),
  description: text().optional(),
  required: flag().prefault(false),
  default: z.unknown().optional(),
  enum: values().optional(),
  validation: validation.prefault({}),
});

const script = z.strictObject({
  shell: z.string({ error: 'expected text' }).min(1, { error: 'must not be empty' }).max(100_000).optional(),
  command: line().optional(),
  args: z
    .array(z.string({ error: 'expected text' }).max(100_000), { error: 'expected a list of texts' })
    .max(1000)
    .optional(),
  working_dir: line().optional(),
  timeout: timeout().optional(),
});

const http = z.strictObject({
  method: z
    .string({ error: 'expected text' })
    .regex(/^(?:get|head|post|put|patch|delete|options)$/i, {
      error: 'expected GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS',
    })
    .prefault('GET'),
  url: line(),
  headers: z.record(z.string(), text(8192), { error: 'expected a mapping of names to values' }).prefault({}),
  body: text(100_000).optional(),
  timeout: timeout().optional(),
  extract_json: line().optional(),
});

const test = z.strictObject({
  input: z.record(z.string(), z.unknown(), { error: 'expected a mapping of parameters to values' }).prefault({}),
  expect: z
    .strictObject(
      {
        contains: given().optional(),
        error: z.union([z.literal(true), given()], { error: 'expected true or text' }).optional(),
      },
      { error: 'expected {contains: TEXT} or {error: true}' },
    )
    .refine((each) => (each.contains === undefined) !== (each.error === undefined), {
      error: 'give either contains or error',
    }),
});

/** One tool. */
export const toolSchema = z.strictObject({
  name: name(),
  description: text().prefault(''),
  parameters: z
    .array(parameter, { error: 'expected a list of parameters, each with its name' })
    .max(MAX_PARAMETERS, { error: `more than ${MAX_PARAMETERS} parameters` })
    .nullable()
    .optional(),
  environment: environment(),
  env: environment(),
  secrets: secrets(),
  script: script.optional(),
  http: http.optional(),
  sandbox: sandbox(),
  network: flag().optional(),
  timeout: timeout().optional(),
  max_output: output().optional(),
  role: z
    .string({ error: 'expected text' })
    .regex(/^[A-Za-z0-9][\w.:-]{0,63}$/, { error: 'a role is of letters, digits, _ - : and .' })
    .optional(),
  rate_limit: rateLimit.optional(),
  audit: audit(),
  test: z.array(test, { error: 'expected a list of {input, expect}' }).max(100).optional(),
});

/** The whole file; its tools are read one by one. */
export const fileSchema = z.strictObject({
  name: given(200).prefault('gantz-local'),
  description: text().optional(),
  version: given(100).prefault('1.0.0'),
  server: z.strictObject({ port: z.int({ error: 'expected a port' }).min(1).max(65_535).optional() }).prefault({}),
  environment: environment(),
  env: environment(),
  secrets: secrets(),
  sandbox: sandbox(),
  max_output: output().optional(),
  audit: audit(),
  tools: z
    .array(z.unknown(), {
      error: (issue) => (issue.input === undefined ? 'is missing' : 'expected a list of tools, each with its name'),
    })
    .min(1, { error: 'names no tool' })
    .max(MAX_TOOLS, { error: `more than ${MAX_TOOLS} tools` }),
});

export type FileSettings = z.output<typeof fileSchema>;
export type ToolSettings = z.output<typeof toolSchema>;
export type ParameterSettings = z.output<typeof parameter>;
export type ScriptSettings = z.output<typeof script>;
export type HttpSettings = z.output<typeof http>;
