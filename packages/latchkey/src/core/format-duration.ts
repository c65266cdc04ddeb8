import { DURATION_UNITS } from './units.ts';

/** The shortest way to say that many milliseconds, in at most two units: `1h30m`, `24h` → `1d`, `250ms`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))}ms`;
  const parts: string[] = [];
  let rest = Math.round(milliseconds / 1000) * 1000;
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = DURATION_UNITS.get(unit)!;
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
    if (parts.length === 2) break;
  }
  return parts.join('');
}
