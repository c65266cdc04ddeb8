import { isWebUrl } from '../core/web-url.ts';
import { WELL_KNOWN } from './protected-resource.ts';
import type { Given } from './read-option.ts';
import { isLoopbackName } from './resource-names.ts';

const NOWHERE = 'http://localhost/';

/** A resource, and where its metadata are (RFC 9728 §3.1). */
export interface Resource {
  /** As it was given, which is what credentials name. */
  readonly text: string;
  readonly url: URL;
  readonly metadataPath: string;
  readonly metadataUrl: string;
}

/** Beyond loopback only https will do: what comes in clear is whatever the network says. */
export function readResource({ faults, path, value }: Given): Resource {
  const text = value instanceof URL ? value.href : value;
  const good = typeof text === 'string' && isWebUrl(text);
  if (value === undefined) faults.add(path, 'is missing: the URL that clients use');
  else if (!good) faults.add(path, 'expected an http or https URL without user, query or fragment');
  const url = new URL(good ? text : NOWHERE);
  if (url.protocol === 'http:' && !isLoopbackName(url.hostname)) faults.add(path, 'beyond loopback it must be https');
  const metadataPath = `${WELL_KNOWN}${url.pathname === '/' ? '' : url.pathname}`;
  return { text: good ? text : NOWHERE, url, metadataPath, metadataUrl: `${url.origin}${metadataPath}` };
}
