/** A value as written, or where it is to be read from. */
export type TextOrSource = string | SecretSource;

export interface SecretSource {
  readonly env?: string | undefined;
  /** Absolute. */
  readonly file?: string | undefined;
}
