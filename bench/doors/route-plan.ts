import { writeFileSync } from 'node:fs';
import type { Plan } from '../load/wrk.ts';
import type { Headers } from '../request.ts';

/** Writes GETs of a route as a wrk script's data: one head for each caller, in rotation, each with an id of its own. */
export function createRoutePlan(path: string, url: string, callers: readonly Headers[]): Plan {
  const { host, pathname } = new URL(url);
  const heads = callers.map((caller) => {
    const lines = Object.entries({ Host: host, Accept: 'application/json', ...caller });
    return `GET ${pathname} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}X-Request-Id: `;
  });
  const list = heads.map((head) => JSON.stringify(head)).join(',\n');
  writeFileSync(path, `return { tail = ${JSON.stringify('\r\n\r\n')}, heads = {\n${list} } }\n`);
  return { url, path, rounds: 0 };
}
