/** Limits that hold unless the configuration says otherwise, as it would be written there. */
export const DEFAULT_LIMITS = Object.freeze({
  failedPerAddress: '20/min',
  requestsPerAddress: '12000/min',
  callsPerCredential: '6000/min',
  bodyBytes: '1MiB',
  listBytes: '8MiB',
  sessions: 100,
  streams: 100,
});

/** The greatest count that may be given for sessions and streams. */
export const MOST_OPEN = 100_000;
