import { readFileSync } from 'node:fs';
import { LatchkeyError } from '../core/error.ts';
import { isOpenToOthers } from './private-file.ts';

/** Reads a certificate and its private key (PEM). Throws E_TLS when one cannot be read, or others may read the key. */
export function readTlsPair({ cert, key }: { readonly cert: string; readonly key: string }): {
  cert: string;
  key: string;
} {
  return { cert: readCertificate(cert), key: readKey(key) };
}

/** Reads certificates (PEM). Throws E_TLS when the file cannot be read. */
export function readCertificate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new LatchkeyError(
      'E_TLS',
      `${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'}).`,
      { hint: 'check the path and its permissions', cause },
    );
  }
}

function readKey(path: string): string {
  const text = readCertificate(path);
  if (!isOpenToOthers(path)) return text;
  throw new LatchkeyError('E_TLS', `Others than its owner may read or write the private key ${path}.`, {
    hint: `chmod 600 ${path}`,
  });
}
