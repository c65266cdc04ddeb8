import { readFile, stat } from 'node:fs/promises';
import { DeliveryFailure, toDelivery, type Handover } from './handover.ts';
import { replaceSecretFile } from './replace-secret-file.ts';

/**
 * Puts the token into a JSON file (0600) that holds one member for each name: `{NAME: {"name","token","expiresAt"}}`.
 * Readers see the old file or the new one, never a part. A file that holds anything else is left alone.
 */
export async function deliverToFile(path: string, handover: Handover): Promise<void> {
  const entries = await readEntries(path);
  entries.set(handover.name, toDelivery(handover));
  await replaceSecretFile(path, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
}

async function readEntries(path: string): Promise<Map<string, unknown>> {
  const text = await readPlain(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === 'object' && found !== null && !Array.isArray(found)) return new Map(Object.entries(found));
  } catch {
    // Told below: the parser's own words may quote a token.
  }
  throw new DeliveryFailure('the file is there but is no JSON object');
}

/** Of a pipe nobody knows when it ends. */
async function readPlain(path: string): Promise<string> {
  if (!(await stat(path)).isFile()) throw new DeliveryFailure('what is there is no plain file');
  return readFile(path, 'utf8');
}
