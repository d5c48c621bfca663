import { setTimeout as sleep } from 'node:timers/promises';
import { Batch, decodeRows } from '@zdenergy/storage';
import { LiveFeed } from '../src/live-feed.js';

interface Sent {
  readonly sensorIds: readonly string[];
  readonly bytes: number;
  readonly readings: number;
}

let feed: LiveFeed;
let sent: Sent[];
let takes = true;

beforeEach(() => {
  sent = [];
  takes = true;
  feed = new LiveFeed((rows, readings) => {
    if (!takes) return false;
    const sensorIds = decodeRows(rows).map(({ sensorId }) => sensorId);
    sent.push({ sensorIds, bytes: rows.length, readings });
    return true;
  });
  feed.start();
});
afterEach(() => feed.stop());

/** Some 100 bytes each. */
function push(from: number, count: number): void {
  const batch = new Batch();
  const none = Number.NaN;
  for (let n = from; n < from + count; n += 1) {
    const id = Buffer.from(String(n).padStart(30, '0'));
    batch.addReading('peer', id, 0, id.length, 1, 1, none, none, none, null, 1);
  }
  feed.push(batch.readings.rows, batch.readingCount);
}

const numbers = ({ sensorIds }: Sent): number[] => sensorIds.map(Number);

it('sends what came, in one message, with the count up to its last reading', async () => {
  push(0, 2);
  push(2, 1);
  await sleep(400);
  push(3, 1);
  await sleep(300);
  expect(sent.map(numbers)).toEqual([[0, 1, 2], [3]]);
  expect(sent.map(({ readings }) => readings)).toEqual([3, 4]);
});

it.each([
  ['one batch', 5_000],
  ['many batches', 50],
])('leaves out the oldest of too many, and counts them, in %s', async (_what, each) => {
  takes = false;
  for (let from = 0; from < 5_000; from += each) push(from, each);
  await sleep(300);
  takes = true;
  await sleep(300);
  const [message] = sent;
  expect(sent).toHaveLength(1);
  expect(message.bytes).toBeLessThanOrEqual(128 * 1024);
  expect(message.bytes).toBeGreaterThan(100 * 1024);
  expect(message.readings).toBe(5_000);
  // The newest, without a gap.
  const first = 5_000 - message.sensorIds.length;
  expect(numbers(message)).toEqual(message.sensorIds.map((_, n) => first + n));
});
