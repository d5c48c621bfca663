/**
 * How long to fuzz and where to begin, by environment variables: `FUZZ_RUNS` streams (20000) from
 * number `FUZZ_FIRST_RUN` (0) on of those that `FUZZ_SEED` (1) gives.
 */

function count(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} must be a whole number, not "${text}"`);
  return Number(text);
}

export const runs = count('FUZZ_RUNS', 20_000);
export const firstRun = count('FUZZ_FIRST_RUN', 0);
export const seed = count('FUZZ_SEED', 1);
