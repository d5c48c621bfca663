/**
 * Every stream of the corpus: with valid neighbours around it, cut at every byte, and those that once
 * broke a promise also exactly as they came.
 */
import { corpus, found } from './corpus.js';
import { StreamCheck, streamOf } from './stream-check.js';

const check = new StreamCheck();

function* cutsOf(bytes: Buffer): Generator<[where: string, chunks: Buffer[]]> {
  yield ['in single bytes', Array.from(bytes, (byte) => Buffer.of(byte))];
  for (let at = 1; at < bytes.length; at += 1) {
    yield [`cut at byte ${at}`, [bytes.subarray(0, at), bytes.subarray(at)]];
  }
}

it.each([...corpus])('cut at every byte: %s', (_file, damage) => {
  for (const maxFrameBytes of [200, 65_536]) {
    const stream = streamOf(damage, Buffer.alloc(0), maxFrameBytes);
    for (const [where, chunks] of cutsOf(stream.bytes)) {
      const wrong = check.wrongWith(stream, chunks);
      // Asked thousands of times: a matcher each time would take longer than the check itself.
      if (wrong.length === 0) continue;
      throw new Error(`${where}, MAX_FRAME_BYTES ${maxFrameBytes}: ${wrong.join('; ')}`);
    }
  }
});

it('found by fuzzing, as they came', () => {
  const wrong = [...found].flatMap(([file, { stream, chunkBytes }]) => {
    let end = 0;
    const chunks = chunkBytes.map((bytes) => stream.bytes.subarray(end, (end += bytes)));
    return check.wrongWith(stream, chunks).map((what) => `${file}: ${what}`);
  });
  expect(wrong).toEqual([]);
});
