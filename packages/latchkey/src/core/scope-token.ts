/** What a scope is made of (RFC 6749 §3.3): printable ASCII without space, quote and backslash. */
export const SCOPE_TOKEN: RegExp = /^[\u0021\u0023-\u005b\u005d-\u007e]+$/;

/** Longer scopes are taken for a mistake in rules. */
export const LONGEST_RULE_SCOPE = 128;
