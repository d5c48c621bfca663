/** Chance that can be repeated: the same seed gives the same numbers. */

/** Numbers from 0 up to 1 (mulberry32, by Tommy Ettinger: 32 bits of state, ample for tests). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The bytes in pieces of 1 to `maxBytes`. */
export function randomPieces(bytes: Buffer, maxBytes: number, random: () => number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + Math.floor(random() * maxBytes);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}
