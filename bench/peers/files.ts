import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Site } from '../peer.ts';
import { SCOPE, TOOL } from '../request.ts';

/** Writes the site's tokens as JSON, SHA-256 digest to scopes. */
export function writeTokenFile(site: Site): string {
  return write(site, 'tokens.json', JSON.stringify(Object.fromEntries(toEntries(site))));
}

/** Writes the scope each tool needs as JSON. */
export function writeToolFile(site: Site): string {
  return write(site, 'tools.json', JSON.stringify({ [TOOL]: SCOPE }));
}

/** Writes the tokens as an HAProxy map; its `hex` converter gives capitals. */
export function writeTokenMap(site: Site): string {
  const lines = toEntries(site).map(([digest, scope]) => `${digest.toUpperCase()} ${scope}\n`);
  return write(site, 'tokens.map', lines.join(''));
}

export function writeToolMap(site: Site): string {
  return write(site, 'tools.map', `${TOOL} ${SCOPE}\n`);
}

function toEntries({ tokens }: Site): [string, string][] {
  const valid = tokens.valid.map((token): [string, string] => [hash('sha256', token), SCOPE]);
  return [...valid, [hash('sha256', tokens.unscoped), 'other']];
}

function write(site: Site, name: string, text: string): string {
  const path = join(site.directory, name);
  writeFileSync(path, text);
  return path;
}
