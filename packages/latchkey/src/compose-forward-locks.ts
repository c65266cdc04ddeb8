import type { Place } from './adapters/forward-answer.ts';
import { toAnswering } from './compose-credentials.ts';
import { toLimits } from './compose-records.ts';
import type { Config } from './config/config.ts';
import type { Log } from './core/log.ts';
import { createForwardMcpGuard, createForwardRouteGuard } from './lock/forward-guard.ts';
import { createLock, type Lock, type LockParts } from './lock/lock.ts';
import { WELL_KNOWN } from './lock/protected-resource.ts';
import { namesOf } from './lock/resource-names.ts';

interface LocksAround extends Pick<LockParts, 'verifier' | 'trail'> {
  readonly publicUrl: URL;
  readonly log: Log;
}

/** One lock for each server; whoever fails or asks too much at one does so at all of them. */
export function createLocks(config: Config, resources: ReadonlyMap<string, URL>, around: LocksAround): readonly Lock[] {
  const shared = toShared(config, around);
  const locks = config.servers.map(({ name, protocol, policy }) => {
    const resource = resources.get(name) as URL;
    const resourceMetadata = `${resource.origin}${WELL_KNOWN}${resource.pathname}`;
    return createLock({ ...shared, server: name, protocol, resource, resourceMetadata }, policy);
  });
  const [first] = locks;
  return locks.map((lock) => ({ ...lock, state: (first as Lock).state }));
}

function toShared(
  config: Config,
  { publicUrl, verifier, trail, log }: LocksAround,
): Omit<LockParts, 'server' | 'resource' | 'resourceMetadata' | 'protocol'> {
  const names = namesOf(publicUrl);
  return {
    ...toAnswering(config),
    verifier,
    encryptedOnly: publicUrl.protocol === 'https:',
    limits: toLimits(config.limits),
    hosts: names.hosts,
    origins: new Set([...names.origins, ...config.origins]),
    trail,
    // What is let in is over at once.
    version: () => Number.NaN,
    endOf: () => null,
    now: Date.now,
    onError: createOnError(log),
  };
}

export function createOnError(log: Log): (error: unknown) => void {
  return (error) => log('error', 'a request could not be judged', { error: String(error) });
}

type PlaceOf = (path: string) => Place;

/** What is asked about each path, and the headers that places give to a server. */
export function createPlaces(
  { servers, forwardAuth }: Config,
  locks: readonly Lock[],
  signerFor: (audience: string) => NonNullable<Place['identity']>['sign'] | null,
): { readonly placeOf: PlaceOf; readonly given: readonly string[] } {
  const scopes = forwardAuth?.scopes ?? null;
  const bodyChecked = forwardAuth?.bodyChecked === true;
  const places = new Map(
    locks.map((lock, i): [string, Place] => {
      const upstream = servers[i]?.upstream ?? null;
      const told = upstream?.kind === 'http' ? upstream.identity : null;
      const sign = told === null ? null : signerFor(told.audience);
      return [
        lock.parts.resource.pathname,
        {
          guard:
            scopes === null ? createForwardMcpGuard(lock, { bodyChecked }) : createForwardRouteGuard(lock, { scopes }),
          identity: told === null || sign === null ? null : { header: told.header, sign },
        },
      ];
    }),
  );
  const [first] = places.values();
  // Where one guard is in charge of every path it is; else it refuses what is not its own.
  const elsewhere: Place =
    scopes !== null && locks.length === 1
      ? (first as Place)
      : { guard: createForwardMcpGuard(locks[0] as Lock, { bodyChecked: true }), identity: null };
  return {
    placeOf: (path) => places.get(path) ?? elsewhere,
    given: [...places.values()].flatMap(({ identity }) => (identity === null ? [] : [identity.header])),
  };
}

/** Puts other rules in force; says which servers it could not change so. */
export function replacePolicies(locks: readonly Lock[], { servers }: Config): readonly string[] {
  const found = new Map(servers.map((server) => [server.name, server]));
  const unchanged = locks.filter(({ parts }) => !found.has(parts.server)).map(({ parts }) => parts.server);
  for (const lock of locks) lock.policy = found.get(lock.parts.server)?.policy ?? lock.policy;
  return [
    ...unchanged,
    ...servers.filter(({ name }) => !locks.some(({ parts }) => parts.server === name)).map(({ name }) => name),
  ];
}
