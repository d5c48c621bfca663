/** How an export cuts its range: without a gap, and into pieces that can be sorted. */
import { cutIntoPieces } from '../src/postgres/csv-export.js';

const hour = 3_600_000;
const day = 24 * hour;

it.each([
  ['nothing known', 0, [], 0, 10],
  ['few readings, all known', 1_000, [0, 1, 2], 10 * day, 1],
  ['many readings, all known', 150_000, [0, 1, 2], 10 * day, 3],
  ['readings on both sides of a gap', 150_000, [0, 200], 10 * day, 2],
])('%s', (_what, readings, hours, knownUntilMs, count) => {
  const counts = hours.map((n) => ({ fromMs: n * hour, readings }));
  const pieces = cutIntoPieces({ fromMs: 0, toMs: 10 * day }, counts, knownUntilMs);
  expect(pieces).toHaveLength(count);
  expect(pieces[0].fromMs).toBe(0);
  expect(pieces.at(-1)?.toMs).toBe(10 * day);
  pieces.slice(1).forEach((piece, n) => expect(piece.fromMs).toBe(pieces[n].toMs));
  for (const { fromMs, toMs } of pieces) expect(toMs).toBeGreaterThan(fromMs);
});
