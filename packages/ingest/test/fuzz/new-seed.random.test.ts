/** The streams of a seed that nobody has tried yet, so that runs add up. */
import { newSeed, runs } from './configuration.js';
import { fuzz } from './fuzzing.js';

it(
  `${runs} streams of seed ${newSeed}, which is new`,
  () => {
    fuzz(newSeed, runs);
  },
  20_000 + 3 * runs,
);
