import { GROUPS } from '../../packages/latchkey/src/check/probe.ts';
import { PROBES } from '../../packages/latchkey/src/check/probes.ts';

const MARKED = /(<!-- probes[^\n]*-->\n)[^]*(<!-- \/probes -->)/;

/** A page with one table of probes for each group between its marks. */
export function withProbes(page: string): string {
  const groups = Object.entries(GROUPS).map(([group, title]) => {
    const rows = PROBES.filter((probe) => probe.group === group).map(
      ({ id, tries, why, source }) => `| \`${id}\` | ${[tries, why, source].join(' | ')} |`,
    );
    return `### ${title}\n\n| probe | what it tries | why it matters | source |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return page.replace(MARKED, (_whole, begin, end) => `${begin}\n${groups.join('\n')}\n${end}`);
}
