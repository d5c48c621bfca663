/**
 * The journal against a model, with every kind of fault. MODEL_RUNS is how many runs there are of each
 * kind (500); MODEL_SEED reproduces a failure.
 */
import { noFaults, type Faults } from './model/faulty-files.js';
import { runModel } from './model/journal-model.js';

const runs = Number(process.env['MODEL_RUNS'] ?? 500);
const seed = process.env['MODEL_SEED'];

const kinds: [name: string, faults: Faults, powerLoss: number, bitFlip: number][] = [
  ['no faults', noFaults, 0, 0],
  ['kill -9 at any step', { ...noFaults, crash: 0.03 }, 0, 0],
  ['power loss at any step', { ...noFaults, crash: 0.03 }, 1, 0],
  [
    'a full disk and short writes',
    { ...noFaults, full: 0.1, shortWrite: 0.1, crash: 0.01 },
    0.5,
    0,
  ],
  ['failed syncs', { ...noFaults, syncFails: 0.15, crash: 0.02 }, 0.5, 0],
  ['everything', { crash: 0.02, shortWrite: 0.05, full: 0.05, syncFails: 0.05 }, 0.5, 0],
  [
    'everything, and flipped bits',
    { crash: 0.02, shortWrite: 0.05, full: 0.05, syncFails: 0.05 },
    0.5,
    0.5,
  ],
];

describe('the journal, run against a model', () => {
  it.each(kinds)(
    'keeps every promise with %s',
    async (_name, faults, powerLoss, bitFlip) => {
      const seeds =
        seed === undefined ? Array.from({ length: runs }, (_, run) => run + 1) : [Number(seed)];
      let acknowledged = 0;
      for (const each of seeds) {
        acknowledged += (await runModel({ seed: each, faults, powerLoss, bitFlip })).acknowledged;
      }
      expect(acknowledged).toBeGreaterThan(0);
    },
    20_000 + 20 * runs,
  );
});
