import type { LockVerifier, VerifierAround } from './options.ts';
import type { Given } from './read-option.ts';

/** The verifiers of a resource, at least one: a lock without any would let nobody in, or everybody. */
export function readVerifiers({ faults, path, value }: Given, around: VerifierAround): readonly LockVerifier[] {
  if (!Array.isArray(value) || value.length === 0) {
    faults.add(path, 'expected a list of verifiers, or a store');
    return [];
  }
  return value.flatMap((each: unknown, index) => {
    const verifier: unknown = typeof each === 'function' ? each(around) : each;
    if (isVerifier(verifier)) return [verifier];
    faults.add(`${path}[${index}]`, 'expected a verifier, or a function that makes one');
    return [];
  });
}

function isVerifier(value: unknown): value is LockVerifier {
  const { name, verify } = (value ?? {}) as Partial<LockVerifier>;
  return typeof name === 'string' && typeof verify === 'function';
}
