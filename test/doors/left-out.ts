import type { DoorName } from './doors.ts';

/** A check that asks nothing of a library. */
export interface LeftOut {
  /** How names of its tests begin: an id of the catalogue, with more of the name where only some tests are meant. */
  readonly name: string;
  /** Test files of which nothing is left without them. */
  readonly file?: string;
  /** The doors that it asks nothing of; without it all of them. */
  readonly doors?: readonly DoorName[];
  readonly because: string;
  /** The test in this folder that asks a door for the same; by the same id. */
  readonly instead?: string;
}

const OTHER_TRANSPORTS = 'HTTP+SSE and calls without JSON-RPC are transports of the gateway';

const JOINED = 'a Response has header lines of one name joined, so a Bearer and a DPoP challenge are on one line';

/** What of RSA and POL is not run before a door, each with its reason. Everything else is. */
export const LEFT_OUT: readonly LeftOut[] = [
  {
    name: 'RSA-01 No credential: the same challenge at every door, without an error',
    because: OTHER_TRANSPORTS,
  },
  {
    name: 'RSA-02 Every method guarded: preflights say nothing',
    because: "CORS is the framework's",
    instead: 'RSA-02 Every method guarded: OPTIONS is one that the endpoint does not have',
  },
  {
    name: 'RSA-03 Invalid token: a bad token is no anonymous caller',
    file: 'rsa-issuers',
    doors: ['hono', 'fetch'],
    because: JOINED,
  },
  {
    name: 'RSA-20 Insufficient scope: who is not signed in is asked to',
    doors: ['hono', 'fetch'],
    because: JOINED,
  },
  {
    name: 'RSA-04 Expired token: before its scopes are looked at',
    because: OTHER_TRANSPORTS,
  },
  {
    name: 'RSA-21 One challenge, all scopes: for a token of an issuer',
    because: OTHER_TRANSPORTS,
  },
  {
    name: 'RSA-28 Public endpoints',
    because: 'health documents and the methods of other paths are those of the application',
    instead: 'RSA-28 Public endpoints: the metadata',
  },
  {
    name: 'RSA-29 Skip-auth paths are exact',
    doors: ['hono', 'fetch'],
    because: 'the path of a Request is normalised before anybody sees it: /public/../mcp is /mcp',
    instead: 'RSA-29 Skip-auth paths are exact: whatever the router takes for the endpoint is behind the guard',
  },
  {
    name: 'RSA-29 Skip-auth paths are exact: for those who may come in',
    because: 'which spellings of a path are the same route is what the router of the framework says',
    instead: 'RSA-29 Skip-auth paths are exact: whatever the router takes for the endpoint is behind the guard',
  },
  {
    name: 'RSA-33 Errors leak nothing: an upstream that is gone',
    because: 'there is no upstream, and what a handler says of its own errors is its own affair',
  },
  {
    name: 'RSA-35 Fail closed at start',
    because: 'there is no program to start',
    instead: 'RSA-35 Fail closed at start: no lock is made of bad options',
  },
  {
    name: 'RSA-36 Auth outage fails closed: token store unreadable, exchange',
    because: 'exchanging a token over HTTP is an endpoint of the gateway',
  },
  {
    name: 'RSA-36 Auth outage fails closed: readiness',
    because: 'health documents are those of the application',
  },
  {
    name: 'POL-09 case-variant keys: in arguments that headers mirror',
    because: 'the tools are in the same program, and the SDK holds Mcp-Param headers against their schemas',
  },
  {
    name: 'POL-28',
    file: 'pol-servers',
    because: 'one lock is of one resource',
  },
  {
    name: 'POL-31',
    file: 'pol-reload',
    because: 'a library reads no configuration file',
    instead: 'POL-31 policy reload: rules that are not sound change nothing',
  },
  {
    name: 'POL-35',
    file: 'pol-pins',
    because: 'the tools are in the same program, so nobody changes them behind its back',
  },
];

/** Test files of which nothing is asked of that door. */
export function filesLeftOut(door: string): readonly string[] {
  return LEFT_OUT.flatMap(({ file, doors }) =>
    file !== undefined && (doors === undefined || doors.some((each) => each === door)) ? [file] : [],
  );
}

/** Whether a test of the acceptance catalogue is not asked of that door. */
export function isLeftOut(test: string, door: string): boolean {
  return LEFT_OUT.some(
    ({ name, doors }) => test.startsWith(name) && (doors === undefined || doors.some((each) => each === door)),
  );
}
