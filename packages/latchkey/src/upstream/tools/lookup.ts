import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { isLoopbackAddress, isPublicAddress } from './addresses.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Every address of a host name; rejects when there is none. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

/** The system's own resolver. */
export const resolveHost: Resolve = (host) => lookup(host, { all: true });

/** A host name that stands for an address which a tool may not reach. */
export class AddressRefused extends Error {}

/**
 * A look-up for sockets that hands on only addresses it judged, so that what was judged is what is connected to. One
 * address that is not public refuses the name; `localhost` may be loopback, and nothing else. (An address in the URL
 * itself is never looked up.) The error names the host, not the address.
 */
export function createLookup(resolve: Resolve): LookupFunction {
  return (host, { family, all }, callback) => {
    const answer = async (): Promise<void> => {
      const addresses = await judge(host, resolve).catch((error: NodeJS.ErrnoException) => error);
      if (addresses instanceof Error) return callback(addresses, '');
      const wanted = addresses.filter((one) => isWanted(one.family, family));
      const [first] = wanted;
      if (first === undefined) callback(new Error(`${host} has no address`), '');
      else if (all === true) callback(null, [...wanted]);
      else callback(null, first.address, first.family);
    };
    void answer();
  };
}

async function judge(host: string, resolve: Resolve): Promise<readonly ResolvedAddress[]> {
  const mayReach = host.toLowerCase() === 'localhost' ? isLoopbackAddress : isPublicAddress;
  const addresses = await resolve(host);
  if (!addresses.every(({ address }) => mayReach(address))) throw new AddressRefused(host);
  return addresses;
}

function isWanted(family: number, wanted: number | string | undefined): boolean {
  return wanted === undefined || wanted === 0 || wanted === family || wanted === `IPv${family}`;
}
