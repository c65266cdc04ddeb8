/** Results go to standard output. */
export function print(text: string): void {
  process.stdout.write(text);
}

export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, process.stdout.isTTY ? 2 : 0)}\n`);
}

/** Talk goes to standard error. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
