/** How a door hands on what a guard let in. */
export interface DoorOptions {
  /** Whether `authInfo.token` is the credential itself rather than `[redacted]`. Default false: no secret goes where logs may find it. */
  readonly withToken?: boolean;
  /** Time for a body to arrive, in milliseconds. Default 15,000. */
  readonly bodyTimeoutMs?: number;
}

export const BODY_TIMEOUT_MS = 15_000;
