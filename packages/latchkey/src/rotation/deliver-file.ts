import { randomBytes } from 'node:crypto';
import { open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DeliveryFailure, toDelivery, type Handover } from './handover.ts';

/**
 * Puts the token into a JSON file (0600) that holds one member for each name: `{NAME: {"name","token","expiresAt"}}`.
 * Readers see the old file or the new one, never a part. A file that holds anything else is left alone.
 */
export async function deliverToFile(path: string, handover: Handover): Promise<void> {
  const entries = await readEntries(path);
  entries.set(handover.name, toDelivery(handover));
  await replaceFile(path, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
}

async function readEntries(path: string): Promise<Map<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
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

/** Written beside it, made durable, then moved over it. */
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
    await file.close();
    await rename(draft, path);
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(draft).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}
