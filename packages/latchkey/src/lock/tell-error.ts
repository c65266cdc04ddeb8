export type TellError = (error: unknown) => void;

/** Where nobody else is told. */
export function complain(error: unknown): void {
  // oxlint-disable-next-line no-console -- a lock that fails silently could not be mended
  console.error('latchkey:', error);
}

/** Tells whoever wants to know. What fails in there, at once or later, ends nothing; both errors are then told as by default. */
export function createTellError(hook: (error: unknown) => unknown = complain): TellError {
  return (problem) =>
    void (async () => hook(problem))().catch((another: unknown) => {
      complain(problem);
      complain(another);
    });
}
