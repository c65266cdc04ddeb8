/** Headers that are set for whatever is answered, by who stands before the handler or for a page that is to read it. */
export const STAYING = /^(?:access-control-|vary$)/;
