/**
 * A great many streams, damaged at random and cut at random.
 *
 * What always holds: a seed gives the same streams as long as the corpus is the same; the first
 * stream that breaks a promise ends the run, and is kept in the corpus, from where every later run
 * begins with it.
 */
import { appendFileSync } from 'node:fs';
import { corpus, keepFound } from './corpus.js';
import { cutAtRandom, damagedStream } from './mutation.js';
import { Random } from './random.js';
import { StreamCheck, streamOf } from './stream-check.js';

const sizes = [64, 200, 1_000, 1_500, 65_536];

/** @throws {Error} saying what does not hold, and where the stream was kept. */
export function fuzz(seed: number, runs: number): void {
  const streams = [...corpus.values()];
  const check = new StreamCheck();
  const startedAtMs = performance.now();
  for (let run = 0; run < runs; run += 1) {
    const random = new Random(seed, run);
    const stream = streamOf(
      damagedStream(streams, random),
      random.below(4) === 0 ? damagedStream(streams, random) : Buffer.alloc(0),
      random.oneOf(sizes),
    );
    const chunks = cutAtRandom(stream.bytes, random);
    const wrong = check.wrongWith(stream, chunks);
    if (wrong.length === 0) continue;
    const file = keepFound(`seed-${seed}-run-${run}`, stream, chunks, wrong);
    throw new Error(
      `Run ${run} of seed ${seed}: ${wrong.join('; ')}\n` +
        `The stream is kept in ${file}: mend what is wrong, and commit it.\n` +
        `To see it again: npm test -- --unit fuzz/corpus -t seed-${seed}-run-${run}\n` +
        `MAX_FRAME_BYTES ${stream.maxFrameBytes}, chunks of ${chunks.map(({ length }) => length).join(', ')} bytes\n` +
        `The stream: ${JSON.stringify(stream.bytes.toString('latin1'))}`,
    );
  }
  noteFigure(seed, runs, performance.now() - startedAtMs);
}

/** A line of the table that `npm test` prints, in the form of the system tests' figures. */
function noteFigure(seed: number, runs: number, tookMs: number): void {
  const file = process.env['ZDENERGY_FIGURES'];
  if (file === undefined) return;
  const perSecond = Math.round(runs / (tookMs / 1_000));
  const measured = `none of ${runs.toLocaleString('en')} crashed it or cost a valid neighbour (seed ${seed}, ${perSecond.toLocaleString('en')} a second)`;
  const figure = { row: '17', fault: 'mutated streams, cut anywhere', measured };
  appendFileSync(file, `${JSON.stringify(figure)}\n`);
}
