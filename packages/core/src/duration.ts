/** Durations as operators write them: `250ms`, `30s`, `10m`, `24h`, `7d`; a bare number is seconds. */

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds, or undefined when the text is no duration above zero. */
export function parseDurationMs(value: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/.exec(value.trim());
  if (match === null) return undefined;
  const [, amount = '', unit = 's'] = match;
  const durationMs = Math.round(Number(amount) * (unitMs[unit] ?? Number.NaN));
  return Number.isSafeInteger(durationMs) && durationMs > 0 ? durationMs : undefined;
}

/** A duration for people, in its two largest units: `2 h 5 min`, `41 s`, `0.3 s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 10_000) return `${Math.round(durationMs / 100) / 10} s`;
  const seconds = Math.round(durationMs / 1_000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}
