interface Body {
  on(event: 'data', take: (bytes: { readonly length: number }) => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

/** The whole of a body that is only somewhat too large: its sender may read no answer before all of it is sent. */
const MOST_BYTES = 16 * 2 ** 20;

/** Has what comes of a body that was refused thrown away, 16 MiB at most; what is over waits at its sender. */
export function discardBody(body: Body): void {
  let left = MOST_BYTES;
  body.on('data', ({ length }) => {
    left -= length;
    if (left < 0) body.pause();
  });
  body.resume();
}
