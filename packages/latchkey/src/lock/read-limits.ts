import { DEFAULT_LIMITS, MOST_OPEN } from '../core/default-limits.ts';
import type { LockParts } from './lock.ts';
import { member, readCount, readMembers, readRate, readSize, type Given } from './read-option.ts';

/** Limits, where they are not given those of latchkey.yaml. */
export function readLimits(given: Given): LockParts['limits'] {
  const members = readMembers(given, Object.keys(DEFAULT_LIMITS));
  const at = (key: keyof typeof DEFAULT_LIMITS): Given => member(given, key, members[key] ?? DEFAULT_LIMITS[key]);
  return {
    failedPerAddress: readRate(at('failedPerAddress')),
    requestsPerAddress: readRate(at('requestsPerAddress')),
    callsPerCredential: readRate(at('callsPerCredential')),
    bodyBytes: readSize(at('bodyBytes')),
    listBytes: readSize(at('listBytes')),
    sessions: readCount(at('sessions'), MOST_OPEN),
    streams: readCount(at('streams'), MOST_OPEN),
  };
}
