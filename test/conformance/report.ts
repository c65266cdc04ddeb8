import { isLoss, type Difference, type Tally } from './compare.ts';
import type { Comparison } from './comparison.ts';

const describeTally = ({ scenarios, cleanScenarios, passed, failed }: Tally): string =>
  `${cleanScenarios} of ${scenarios} scenarios without a failure; ${passed} checks passed, ${failed} failed`;

const toCell = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').slice(0, 300);

function toRow(difference: Difference): string {
  const { scenario, check, direct, gateway, error } = difference;
  const cells = [isLoss(difference) ? 'lost' : 'other', scenario, check, direct, gateway, error ?? ''];
  return `| ${cells.map(toCell).join(' | ')} |`;
}

/** Writes a comparison as Markdown: the counts, and a table of every check that differs. */
export function toMarkdown({ spec, upstream, direct, gateway, differences, losses }: Comparison): string {
  const lines = [
    `## ${spec}, ${upstream} upstream: ${losses === 0 ? 'nothing lost' : `${losses} checks lost`}`,
    '',
    `- direct, HTTP: ${describeTally(direct)}`,
    `- through the gateway: ${describeTally(gateway)}`,
    '',
  ];
  if (differences.length === 0) return [...lines, 'No check differs.', ''].join('\n');
  const rows = [...differences].sort((one, other) => Number(isLoss(other)) - Number(isLoss(one))).map(toRow);
  return [
    ...lines,
    '| | scenario | check | direct | gateway | what the suite says |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
