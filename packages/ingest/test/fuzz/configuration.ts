/**
 * How long to fuzz and where to begin, by environment variables: `FUZZ_RUNS` streams (10000) of the
 * seed that stays the same, `FUZZ_SEED` (1), and as many of one that nobody has tried yet,
 * `FUZZ_NEW_SEED` (the minutes since 1970).
 */

function count(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} must be a whole number, not "${text}"`);
  return Number(text);
}

export const runs = count('FUZZ_RUNS', 10_000);
export const fixedSeed = count('FUZZ_SEED', 1);
export const newSeed = count('FUZZ_NEW_SEED', Math.floor(Date.now() / 60_000));
