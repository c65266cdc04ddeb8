import { z } from 'zod';
import { ISSUER_DEFAULTS, SIGNATURE_ALGORITHMS, TOKEN_TYPES } from '../core/issuer-settings.ts';
import * as field from './fields.ts';
import { PRESETS } from './issuers/presets.ts';

const claim = () => field.text(256);

const PRESET_NAMES = Object.keys(PRESETS) as [keyof typeof PRESETS, ...(keyof typeof PRESETS)[]];

const scopes = z.strictObject({
  always: field
    .heldScopes()
    .prefault([])
    .describe(
      'Scopes that every token of the issuer has. With ["*"] whoever can get a token there may use everything.',
    ),
  claims: z
    .array(claim())
    .max(20)
    .optional()
    .describe('Claims whose words are scopes as they stand. Default: scope, scp.'),
  map: z
    .record(claim(), z.record(field.text(512), field.heldScopes()))
    .prefault({})
    .describe('By claim, such as groups or realm_access.roles, then by a value of it: the scopes that value gives.'),
  prefix: field
    .text(2048)
    .optional()
    .describe(
      'What the issuer wants before scopes in requests, and leaves out in tokens. For the authorization proxy.',
    ),
});

export const client = z.strictObject({
  id: field.text(512).describe('Client id of this gateway at the issuer.'),
  secret: field
    .secret()
    .optional()
    .describe('Its secret, or its private key (PEM or JWK): {env: NAME} or {file: PATH}.'),
  auth: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
    .prefault('client_secret_basic')
    .describe('How it proves who it is (RFC 6749 §2.3, RFC 7523 §2.2).'),
});

/** An issuer whose tokens are taken. What a preset knows need not be written. */
export const issuer = z.strictObject({
  preset: z
    .enum(PRESET_NAMES, { error: `expected one of ${PRESET_NAMES.join(', ')}` })
    .optional()
    .describe('What is known of a product: where its keys are, how its tokens look, where its scopes are.'),
  issuer: field
    .webUrl()
    .optional()
    .describe('Issuer identifier, letter for letter as in `iss` and in its metadata. Some presets know it.'),
  audience: z
    .union([field.text(2048), z.array(field.text(2048)).min(1).max(20)])
    .optional()
    .describe('What tokens must be for. Default: the URL of the server that is asked, with its path.'),
  audienceClaim: claim()
    .optional()
    .describe('Claim that stands for `aud` in tokens that have none, such as client_id. Default: they are refused.'),
  foreignAudiences: z
    .boolean()
    .optional()
    .describe('Whether a token may be for others too. Default: no, but for products that always name others.'),
  clients: z
    .array(field.text(2048))
    .min(1)
    .max(1000)
    .optional()
    .describe('Clients whose tokens are taken. Default: any.'),
  algorithms: z
    .array(z.enum(SIGNATURE_ALGORITHMS))
    .min(1)
    .optional()
    .describe('Signature algorithms of its JWTs. Default: RS256, ES256, EdDSA and Ed25519.'),
  types: z
    .array(z.enum(TOKEN_TYPES, { error: 'expected at+jwt, JWT or none' }))
    .min(1)
    .optional()
    .describe(
      '`typ` of its access tokens (RFC 9068 §2.1). Default: at+jwt. `JWT` also lets other JWTs of the issuer be judged by their claims alone.',
    ),
  jwks: z
    .strictObject({
      url: field.webUrl().optional().describe('Where its key set is. Default: as its metadata say.'),
      file: field.text().optional().describe('File with its key set, for an issuer that is not asked.'),
    })
    .refine((from) => (from.url === undefined) !== (from.file === undefined), { error: 'give either url or file' })
    .optional()
    .describe('Its keys, where its metadata do not say.'),
  keysRefresh: field
    .timeout()
    .prefault(ISSUER_DEFAULTS.keysRefresh)
    .describe(
      'How long a key that the issuer took back may still serve. Its Cache-Control can shorten it to a minute.',
    ),
  keysMaxAge: field
    .timeout()
    .prefault(ISSUER_DEFAULTS.keysMaxAge)
    .describe('How long keys are used while the issuer cannot be asked.'),
  require: z
    .record(claim(), z.union([field.text(1024), z.array(field.text(1024)).min(1).max(20)]))
    .prefault({})
    .describe('Claims that must have exactly this text, or one of these.'),
  scopes: scopes.prefault({}).describe('How claims become scopes.'),
  client: client.optional().describe('This gateway as a client of the issuer, for introspection and token exchange.'),
  introspection: z
    .union([
      z.boolean(),
      z.strictObject({
        url: field.webUrl().optional().describe('Where tokens are introspected. Default: as its metadata say.'),
        always: z.boolean().prefault(false).describe('Ask for JWTs too, so that a revoked one ends within a minute.'),
      }),
    ])
    .prefault(false)
    .describe('Ask the issuer about opaque tokens (RFC 7662).'),
  userinfo: z
    .strictObject({
      url: field.webUrl().optional().describe('Where the answer comes from. Default: as metadata or preset say.'),
    })
    .optional()
    .describe(
      'Ask for the user of an opaque token, for issuers that offer nothing better. Needs clients. Read docs/issuers.md first.',
    ),
  tokenPrefixes: z
    .array(field.text(32))
    .max(10)
    .optional()
    .describe('What its opaque tokens begin with; needed when several issuers are asked about opaque tokens.'),
  authorizationProxy: z
    .enum(['auto', 'on', 'off'])
    .prefault('auto')
    .describe(
      'Whether clients sign in through this gateway, which changes what the issuer would not take. auto: where the preset says so.',
    ),
  tls: z
    .strictObject({ ca: field.text().describe('PEM file of the authorities to trust instead of the built-in ones.') })
    .optional()
    .describe('How the issuer is reached.'),
});

export const dpop = z.strictObject({
  required: z.boolean().prefault(false).describe('Whether tokens of issuers must be bound to a key (RFC 9449).'),
  nonce: z.boolean().prefault(false).describe('Whether proofs must carry a nonce of this gateway.'),
  maxAge: field.timeout().prefault('5m').describe('How far the time in a proof may be from ours.'),
});

/** By the name that principals and the trail get. */
export const issuers = z.record(
  field.text(32).regex(/^[a-z0-9][a-z0-9-]*$/, { error: 'is of small letters, digits and -' }),
  issuer,
);
