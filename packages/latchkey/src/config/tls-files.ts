import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { LatchkeyError } from '../core/error.ts';
import type { Log } from '../core/log.ts';
import { toShellWord } from '../core/shell-word.ts';
import { readBounded } from './bounded-file.ts';
import { isOpenToOthers } from './private-file.ts';

interface Pair {
  readonly cert: string;
  readonly key: string;
}

const MAX_PEM = 16 * 2 ** 20;

export const BAD_PAIR = 'the new TLS certificate cannot be used; the old one stays';

/** Reads a certificate and its private key (PEM). Throws E_TLS when one cannot be read, or others may read the key. */
export function readTlsPair({ cert, key }: Pair): Pair {
  return { cert: readCertificate(cert), key: readKey(key) };
}

/** Gives a listener what these files hold now; where that cannot be used it keeps what it has. Null: it has no TLS. */
export function replaceTlsPair(listener: { setTls(pair: Pair): void }, files: Pair | null, log: Log): void {
  if (files === null) return;
  try {
    for (const path of [files.cert, files.key]) refuseNoFile(path);
    listener.setTls(readTlsPair(files));
    log('info', 'the TLS certificate was replaced');
  } catch (error) {
    log('error', BAD_PAIR, { error: String(error) });
  }
}

/** While a pipe is waited for nobody is answered. */
function refuseNoFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
    throw new LatchkeyError('E_TLS', `${path} is no plain file.`, { hint: 'put a file there' });
}

/** Authorities to trust (PEM); null where none are named. Throws E_TLS when the file cannot be read or holds no certificate. */
export function readAuthorities(path: string | null): string | null {
  if (path === null) return null;
  const text = readCertificate(path);
  try {
    // Node takes anything for an authority, and then trusts nobody.
    void new X509Certificate(text);
    return text;
  } catch (cause) {
    throw new LatchkeyError('E_TLS', `${path} holds no certificate.`, {
      hint: 'Name a PEM file with the certificates of the authorities to trust.',
      cause,
    });
  }
}

/** Reads a certificate and its chain (PEM). Throws E_TLS when the file cannot be read. */
function readCertificate(path: string): string {
  const read = readPem(path);
  if (typeof read === 'string') throw new LatchkeyError('E_TLS', `${path} ${read}.`, { hint: 'name a PEM file' });
  if (read.length > MAX_PEM)
    throw new LatchkeyError('E_TLS', `${path} is larger than 16 MiB.`, { hint: 'is this the right file?' });
  return read.toString('utf8');
}

function readPem(path: string): ReturnType<typeof readBounded> {
  try {
    return readBounded(path, MAX_PEM);
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
    hint: `chmod 600 ${toShellWord(path)}`,
  });
}
