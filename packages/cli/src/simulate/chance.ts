/**
 * Chance as pure functions: the same seed and keys always give the same draw, in any order.
 *
 * That is what makes a run repeatable although thousands of gateways draw side by side: a draw
 * depends on what it is for (its keys), never on how many were made before.
 */

/** The finalizer of MurmurHash3 (A. Appleby): every input bit reaches every output bit; one to one. */
export function scramble(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32 bits out of whole-number keys; the order of the keys counts. */
export function hash(...keys: number[]): number {
  // 0x9e3779b9 is 2^32 divided by the golden ratio: it keeps a row of zero keys from staying zero.
  let h = 0x9e3779b9;
  for (const key of keys) h = scramble(Math.imul(h, 31) + key);
  return h;
}

/** A draw from [0, 1). */
export function draw(...keys: number[]): number {
  return hash(...keys) / 2 ** 32;
}

/**
 * Slow noise from -1 to 1 (value noise): a draw at every whole position, and a smooth path between.
 * @param position in units of the noise's own length; it wanders about once a unit
 */
export function smoothNoise(position: number, ...keys: number[]): number {
  const left = Math.floor(position);
  const along = position - left;
  const weight = along * along * (3 - 2 * along);
  const from = draw(...keys, left);
  const to = draw(...keys, left + 1);
  return (from + (to - from) * weight) * 2 - 1;
}
