/** Stable codes of operator errors; docs/errors.md documents each. */
export const ERROR_CODES = [
  'E_ADDRESS_IN_USE',
  'E_ADDRESS_REFUSED',
  'E_AUTH_OFF',
  'E_CLIENT_FILE',
  'E_CLIENT_UNKNOWN',
  'E_CLOCK',
  'E_CONFIG_INVALID',
  'E_CONFIG_MISSING',
  'E_CREDENTIAL_ABSENT',
  'E_CREDENTIAL_DEAD',
  'E_CREDENTIAL_WEAK',
  'E_DELIVERY',
  'E_FILE_EXISTS',
  'E_FORWARD_AUTH',
  'E_INTERNAL',
  'E_NAME_INVALID',
  'E_NAME_TAKEN',
  'E_NODE_VERSION',
  'E_PUBLIC_URL',
  'E_SECRET_MISSING',
  'E_STORE_DAMAGED',
  'E_STORE_FULL',
  'E_STORE_LOCKED',
  'E_STORE_MISSING',
  'E_STORE_NEWER',
  'E_STORE_REPLACED',
  'E_STORE_UNREADABLE',
  'E_TLS',
  'E_TOOL_UNCHANGED',
  'E_TRAIL_BROKEN',
  'E_TRAIL_UNWRITTEN',
  'E_UPSTREAM_MISSING',
  'E_UPSTREAM_START',
  'E_USAGE',
] as const;

/** What went wrong, as a word that never changes its meaning; each is explained in docs/errors.md. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error the operator can mend: `message` says what happened and why, `hint` what to do. Neither holds a secret. */
export class LatchkeyError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { hint: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LatchkeyError';
    this.code = code;
    this.hint = options.hint;
  }
}
