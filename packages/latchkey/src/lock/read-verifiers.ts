import type { LockVerifier, VerifierAround } from './options.ts';
import type { Given } from './read-option.ts';

/** The verifiers of a resource, at least one: a lock without any would let nobody in, or everybody. */
export function readVerifiers({ faults, path, value }: Given, around: VerifierAround): readonly LockVerifier[] {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) {
    faults.add(path, 'there is none, so nobody could prove anything; give a verifier, or a store');
    return [];
  }
  if (!Array.isArray(value)) {
    faults.add(path, 'expected a list of verifiers');
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
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'verify' in value &&
    typeof value.verify === 'function'
  );
}
