import { dirname, join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Running } from '../../compose.ts';
import { replaceSecretFile } from '../../compose-credentials.ts';
import { LatchkeyError } from '../../core/error.ts';
import type { Secret } from '../../core/secret.ts';
import { makeFolders } from '../make-folders.ts';

/** Where the first token was put: on the screen, or in a file that only its owner reads. */
export type TokenPlace = { readonly kind: 'none' | 'screen' } | { readonly kind: 'file'; readonly path: string };

interface Wishes {
  readonly tokenFile?: string;
  readonly json?: true;
}

/** Shows the first token once, on a terminal or to a program that asked with --json; a service log never gets it. */
export async function deliverFirstToken(
  { firstToken }: Pick<Running, 'firstToken'>,
  config: Config,
  { tokenFile, json }: Wishes,
): Promise<TokenPlace> {
  if (firstToken === null) return { kind: 'none' };
  const path = tokenFile ?? (json === true || process.stdout.isTTY ? null : join(config.store, 'default.token'));
  if (path === null) return { kind: 'screen' };
  await writeToken(path, firstToken.secret);
  return { kind: 'file', path };
}

async function writeToken(path: string, token: Secret): Promise<void> {
  try {
    makeFolders(dirname(path), 0o700);
    await replaceSecretFile(path, `${token.reveal()}\n`);
  } catch (cause) {
    throw new LatchkeyError(
      'E_DELIVERY',
      `The first token could not be written to ${path} (${(cause as NodeJS.ErrnoException).code ?? 'unknown'}).`,
      {
        hint: 'check the folder, then start again; the token was revoked',
        cause,
      },
    );
  }
}

/** What the ready line says of the first token; its text only where no other place has it. */
export function toTokenFacts(firstToken: Running['firstToken'], place: TokenPlace) {
  return {
    token: place.kind === 'screen' ? (firstToken?.secret.reveal() ?? null) : null,
    tokenFile: place.kind === 'file' ? place.path : null,
    tokenName: firstToken?.name ?? null,
    expiresAt: firstToken === null ? null : new Date(firstToken.expiresAt).toISOString(),
  };
}

/** What to do where it could not be shown. */
export const startAgain = (): string =>
  'Look where the output goes, then start again; a token that was made is revoked.';
