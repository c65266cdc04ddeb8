/** The class of the SDK's first line, `InvalidTokenError` of `@modelcontextprotocol/sdk/server/auth/errors.js`. */
export type InvalidTokenErrorClass = new (message: string) => Error;

/** What the SDK's second line knows its own errors by, in any copy of it and of any version. */
const BRANDS = Symbol.for('mcp.sdk.errorBrands');

/**
 * The error by which the guards of the official MCP SDK answer 401. The second line knows it by its brand; the first one
 * only by its class, so without that class its guard answers 500, and lets nobody in either.
 */
export function createInvalidTokenError(message: string, InvalidTokenError: InvalidTokenErrorClass = Error): Error {
  const error = new InvalidTokenError(message);
  Object.defineProperties(error, {
    [BRANDS]: { value: new Set(['mcp.OAuthError']) },
    code: { value: 'invalid_token' },
    toResponseObject: { value: () => ({ error: 'invalid_token', error_description: message }) },
  });
  return error;
}
