import { LONGEST_TIMER_MS, parseDuration } from '../core/units.ts';
import {
  ISSUER_DEFAULTS,
  SIGNATURE_ALGORITHMS,
  takesIdTokens,
  toHeaderTypes,
  TOKEN_TYPES,
  type SignatureAlgorithm,
  type TokenType,
} from '../core/issuer-settings.ts';
import type { IssuerRules, ScopeMapping } from '../core/issuer.ts';
import { isSafe } from '../core/outgoing.ts';
import { isWebUrl } from '../core/web-url.ts';
import { createFaults } from './faults.ts';
import {
  readName,
  member,
  readChoice,
  readHeldScopes,
  readMembers,
  readRecord,
  readTexts,
  type Given,
  type Members,
} from './read-option.ts';

/** An issuer whose signed access tokens are taken, in the words of `auth.issuers` in latchkey.yaml. */
export interface JwtOptions {
  /** Issuer identifier, letter for letter as in `iss` and in its metadata: https, or http on loopback. */
  readonly issuer: string;
  /** Name of it, part of the ids of principals: small letters, digits and -. Default: made of the identifier. */
  readonly name?: string;
  /** What tokens must be for. Default: the resource that is asked. */
  readonly audience?: string | readonly string[];
  /** Claim that stands for `aud` in tokens that have none. Default: they are refused. */
  readonly audienceClaim?: string;
  /** Whether a token may be for others too. Default: false. */
  readonly foreignAudiences?: boolean;
  /** Clients whose tokens are taken. Default: any. */
  readonly clients?: readonly string[];
  /** Signature algorithms. Default: RS256, ES256, EdDSA and Ed25519. */
  readonly algorithms?: readonly SignatureAlgorithm[];
  /** `typ` of its access tokens (RFC 9068 §2.1). Default: at+jwt. */
  readonly types?: readonly TokenType[];
  /** Where its key set is. Default: as its metadata say. */
  readonly jwks?: { readonly url: string };
  /** How long a key that the issuer took back may still serve. Default: 10m. */
  readonly keysRefresh?: string;
  /** How long keys are used while the issuer cannot be asked. Default: 24h. */
  readonly keysMaxAge?: string;
  /** Claims that must have exactly this text, or one of these. */
  readonly require?: Readonly<Record<string, string | readonly string[]>>;
  /** How claims become scopes. */
  readonly scopes?: {
    /** Scopes that every token of the issuer has. */
    readonly always?: readonly string[];
    /** Claims whose words are scopes as they stand. Default: scope, scp. */
    readonly claims?: readonly string[];
    /** By claim, then by a value of it: the scopes that this value gives. */
    readonly map?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  };
}

/** What options mean, checked. */
export interface JwtSettings {
  readonly rules: IssuerRules;
  readonly algorithms: readonly string[];
  readonly types: readonly string[];
  /** Null: as the metadata say. */
  readonly jwks: { readonly url: string } | null;
  readonly keysRefreshMs: number;
  readonly keysMaxAgeMs: number;
}

const KNOWN = [
  'issuer',
  'name',
  'audience',
  'audienceClaim',
  'foreignAudiences',
  'clients',
  'algorithms',
  'types',
  'jwks',
  'keysRefresh',
  'keysMaxAge',
  'require',
  'scopes',
] as const satisfies readonly (keyof JwtOptions)[];

/** Reads the options of an issuer. Throws a TypeError that names everything that is wrong with them. */
export function readJwt(options: JwtOptions): JwtSettings {
  const faults = createFaults();
  const members = readMembers({ faults, path: '', value: options }, KNOWN);
  const at = (path: (typeof KNOWN)[number]): Given => ({ faults, path, value: members[path] });
  const issuer = readUrl(at('issuer'));
  const types = readChosen(at('types'), TOKEN_TYPES, ISSUER_DEFAULTS.types);
  const jwks = readMembers(at('jwks'), ['url']);
  const { audience } = members;
  const settings = {
    rules: {
      // Two issuers must never have one name, or a subject of the one would be that of the other. No given name has a `%`.
      name: readName(at('name'), issuer.replaceAll(/[%:]/g, encodeURIComponent)),
      issuer,
      audiences: readSome({ ...at('audience'), value: typeof audience === 'string' ? [audience] : audience }),
      foreignAudiences: readChoice(at('foreignAudiences'), [false, true]),
      ...(members['audienceClaim'] === undefined ? {} : { audienceClaim: readText(at('audienceClaim')) }),
      clients: readSome(at('clients')),
      required: readRequired(at('require')),
      scopes: readMapping(at('scopes')),
    },
    algorithms: readChosen(at('algorithms'), SIGNATURE_ALGORITHMS, ISSUER_DEFAULTS.algorithms),
    types: toHeaderTypes(types),
    jwks: members['jwks'] === undefined ? null : { url: readUrl({ faults, path: 'jwks.url', value: jwks['url'] }) },
    keysRefreshMs: readTime(at('keysRefresh'), ISSUER_DEFAULTS.keysRefresh),
    keysMaxAgeMs: readTime(at('keysMaxAge'), ISSUER_DEFAULTS.keysMaxAge),
  };
  const { audiences, clients, required } = settings.rules;
  if (takesIdTokens({ types, audiences: audiences ?? [], clients: clients ?? [], required }))
    faults.add('types', 'ID tokens would pass: say in require what only access tokens have');
  faults.throwAll('jwt');
  return settings;
}

/** https, or http on this machine. */
function readUrl({ faults, path, value }: Given): string {
  if (typeof value === 'string' && isText(value) && isWebUrl(value) && isSafe(new URL(value))) return value;
  faults.add(path, value === undefined ? 'is missing' : 'expected an https URL without user, query or fragment');
  return '';
}

function readText({ faults, path, value }: Given): string {
  if (typeof value === 'string' && isText(value)) return value;
  faults.add(path, 'expected text');
  return '';
}

function isText(text: string): boolean {
  return text !== '' && text.length <= 2048 && !/[\u0000-\u001f\u007f]/.test(text);
}

/** At least one text; null where nothing is given. */
function readSome(given: Given, wanted = 'texts', accepts = isText): readonly string[] | null {
  if (given.value === undefined) return null;
  const texts = readTexts(given, wanted, accepts);
  if (Array.isArray(given.value) && given.value.length === 0) given.faults.add(given.path, 'must not be empty');
  return texts;
}

function readChosen<Choice extends string>(
  given: Given,
  choices: readonly Choice[],
  usual: readonly Choice[],
): readonly Choice[] {
  const known: readonly string[] = choices;
  return (readSome(given, choices.join(', '), (text) => known.includes(text)) as readonly Choice[] | null) ?? usual;
}

function readTime({ faults, path, value = null }: Given, usual: string): number {
  const milliseconds = parseDuration(typeof value === 'string' ? value : usual) ?? 0;
  if ((value !== null && typeof value !== 'string') || milliseconds <= 0 || milliseconds > LONGEST_TIMER_MS)
    faults.add(path, 'expected a duration such as 90s, 10m or 24h, of 24 days at most');
  return milliseconds;
}

function readRequired(given: Given): IssuerRules['required'] {
  return mapRecord(given, (each) =>
    typeof each.value === 'string' ? readText(each) : (readSome(each) ?? readText(each)),
  );
}

function readMapping(given: Given): ScopeMapping {
  const members: Members = readMembers(given, ['always', 'claims', 'map']);
  const at = (key: string): Given => member(given, key, members[key]);
  return {
    always: readHeldScopes(at('always')),
    claims: members['claims'] === undefined ? ISSUER_DEFAULTS.scopeClaims : readTexts(at('claims'), 'claims', isText),
    table: mapRecord(at('map'), (values) => mapRecord(values, readHeldScopes)),
  };
}

function mapRecord<Value>(given: Given, read: (each: Given) => Value): Record<string, Value> {
  const entries = Object.entries(readRecord(given));
  return Object.fromEntries(entries.map(([key, value]) => [key, read(member(given, key, value))]));
}
