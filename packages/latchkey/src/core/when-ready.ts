import type { Verifier } from './verifier.ts';

/** A verifier that is still being made: it answers by a promise until it is there. Where it cannot be made it rejects. */
export function whenReady(making: Promise<Verifier>): Verifier {
  let ready: Verifier | null = null;
  making.then(
    (made) => {
      ready = made;
    },
    // Told to those who ask.
    () => {},
  );
  return {
    name: 'when-ready',
    verify: (credential, server, now) =>
      ready === null
        ? making.then((made) => made.verify(credential, server, now))
        : ready.verify(credential, server, now),
  };
}
