interface Progress {
  readonly show: (probe: string, done: number, of: number) => void;
  readonly end: () => void;
}

const CLEAR_LINE = '\r\u001b[K';

/** One line on stderr that says what is being tried, and is gone afterwards. Nothing where stderr is no terminal. */
export function startProgress(quiet: boolean): Progress {
  if (quiet || !process.stderr.isTTY) return { show: () => {}, end: () => {} };
  return {
    show: (probe, done, of) => void process.stderr.write(`${CLEAR_LINE}checking ${done + 1}/${of}  ${probe}`),
    end: () => void process.stderr.write(CLEAR_LINE),
  };
}
