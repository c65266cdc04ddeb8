/**
 * Tells a timer that looks at what is overdue whether the process stood still since the last look: it was stopped, or kept
 * busy. What arrived meanwhile is read only after the timers, so that look has to pass. Never two in a row are passed.
 */
export function createStandstill(longestMs: number): (now: number) => boolean {
  let lookedAt: number | null = null;
  let stood = false;
  return (now) => {
    stood = !stood && lookedAt !== null && now - lookedAt >= longestMs;
    lookedAt = now;
    return stood;
  };
}
