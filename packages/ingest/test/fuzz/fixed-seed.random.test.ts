/** The streams of a seed that stays the same: what passed once passes again. */
import { fixedSeed, runs } from './configuration.js';
import { fuzz } from './fuzzing.js';

it(
  `${runs} streams of seed ${fixedSeed}`,
  () => {
    fuzz(fixedSeed, runs);
  },
  20_000 + 3 * runs,
);
