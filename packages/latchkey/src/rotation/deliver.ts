import { LatchkeyError } from '../core/error.ts';
import { deliverToCommand } from './deliver-command.ts';
import { deliverToFile } from './deliver-file.ts';
import { DeliveryFailure, type Handover } from './handover.ts';

/** Where new tokens go: into a JSON file, or to a program's standard input. */
export type Deliver = { readonly file: string } | { readonly command: readonly string[] };

/** Hands the token over; resolves when it is there. Fails with E_DELIVERY, then nothing was half-written; a program is killed at `signal`. */
export async function deliver(to: Deliver, handover: Handover, signal?: AbortSignal): Promise<void> {
  try {
    await ('file' in to ? deliverToFile(to.file, handover) : deliverToCommand(to.command, handover, { signal }));
  } catch (cause) {
    const where = 'file' in to ? to.file : to.command[0];
    // The cause may be of another program's making, so its text is not quoted; ours holds no secret.
    const why =
      cause instanceof DeliveryFailure ? cause.message : ((cause as NodeJS.ErrnoException).code ?? 'unexpected');
    throw new LatchkeyError(
      'E_DELIVERY',
      `The new token "${handover.name}" could not be delivered to ${where}: ${why}.`,
      {
        hint: 'The old token still works until its own end, and delivery is tried again. Check auth.tokens.rotate.deliver.',
        cause,
      },
    );
  }
}
