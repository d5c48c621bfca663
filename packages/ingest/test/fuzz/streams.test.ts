/**
 * Streams of real and damaged frames, cut anywhere, against what always holds:
 *
 * - Nothing throws, and memory is bounded.
 * - Neither the cuts nor the short way change a byte of the rows, the rejects or the answers.
 * - All that comes out is something that Postgres can hold.
 * - Valid neighbours are kept. An object before the damage always comes out. Of two behind it, each
 *   on a line of its own, the second always comes out: a line end ends every open text, and of what
 *   is open otherwise only a place for a value takes the first object in, after which the second
 *   cannot stand. Then the first comes out too, if what was open up to there is no larger than
 *   MAX_FRAME_BYTES.
 */
import { earliestTimeUs } from '@zdenergy/core';
import { Gateway, receivedAtUs } from '../gateway.js';
import { firstRun, runs, seed } from './configuration.js';
import { corpus } from './corpus.js';
import { cutAtRandom, damagedStream } from './mutation.js';
import { Random } from './random.js';

const settings = { sensorTimeZone: 'Europe/Berlin', tcpAck: true };
const sizes = [64, 200, 1_000, 1_500, 65_536];
const streams = [...corpus.values()];

/** What jsonb refuses: an escaped NUL, behind an even number of backslashes. */
const escapedNul = /(?<!\\)(?:\\\\)*\\u0000/;

const sentinel = (id: string): string => `{"id":"${id}","time":"2025-10-02 17:58:37","temp":1}`;

interface Stream {
  damage: Buffer;
  bytes: Buffer;
  maxFrameBytes: number;
}

function streamOf(damage: Buffer, tail: Buffer, maxFrameBytes: number): Stream {
  const bytes = Buffer.concat([
    Buffer.from(`${sentinel('before')}\n`),
    damage,
    Buffer.from(`\n${sentinel('first')}\n${sentinel('second')}\n`),
    tail,
  ]);
  return { damage, bytes, maxFrameBytes };
}

/** Sends chunks; returns the most bytes that were kept between two of them. */
function send(gateway: Gateway, chunks: readonly Buffer[]): number {
  let mostKeptBytes = 0;
  for (const chunk of chunks) {
    gateway.framer.push(chunk);
    mostKeptBytes = Math.max(mostKeptBytes, gateway.framer.keptBytes);
  }
  gateway.framer.end();
  return mostKeptBytes;
}

const isText = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** What of all that must hold does not; empty if all is well. */
function broken(stream: Stream, chunks: readonly Buffer[], whole: Gateway, cut: Gateway): string[] {
  const { bytes, damage, maxFrameBytes } = stream;
  const wrong: string[] = [];
  const check = (holds: boolean, what: string): void => {
    if (!holds) wrong.push(what);
  };
  send(whole, [bytes]);
  const mostKeptBytes = send(cut, chunks);
  check(mostKeptBytes <= 2 * Math.max(maxFrameBytes, 1_000), `${mostKeptBytes} bytes were kept`);
  check(cut.framer.keptBytes === 0, 'something is left after the end');
  check(whole.batch.readings.rows.equals(cut.batch.readings.rows), 'readings depend on the cuts');
  check(whole.batch.rejected.rows.equals(cut.batch.rejected.rows), 'rejects depend on the cuts');
  check(whole.noise === cut.noise, 'noise depends on the cuts');
  check(whole.answers.join() === cut.answers.join(), 'answers depend on the cuts');

  const { readings, rejects } = whole;
  const ids = new Set(readings.map(({ sensorId }) => sensorId));
  check(ids.has('before'), 'the object before the damage is missing');
  check(ids.has('second'), 'the second object behind the damage is missing');
  const openBytes = damage.length + sentinel('first').length + 2;
  if (openBytes <= maxFrameBytes) check(ids.has('first'), 'the first object behind is missing');
  for (const { sensorId, timeUs, extra, temperature, humidity, lux, irradiance } of readings) {
    check(sensorId !== '' && [...sensorId].length <= 100 && isText(sensorId), `id ${sensorId}`);
    check(timeUs >= earliestTimeUs && timeUs <= whole.receivedAtUs + 86_400e6, `time ${timeUs}`);
    for (const value of [temperature, humidity, lux, irradiance]) {
      check(value === null || Number.isFinite(value), `measurement ${String(value)}`);
    }
    if (extra === null) continue;
    check(isText(extra) && !escapedNul.test(extra), `extra ${extra}`);
    check(typeof JSON.parse(extra) === 'object', `extra ${extra}`);
  }
  for (const { reason, raw } of rejects) {
    check(reason !== '' && !/\p{Cc}/u.test(reason) && isText(reason), `reason ${reason}`);
    check(isText(raw), `raw text ${raw}`);
  }
  return wrong;
}

describe('streams', () => {
  const whole = new Gateway(settings);
  const cut = new Gateway(settings, 'long way only');
  let nowUs = receivedAtUs;

  function check(stream: Stream, chunks: readonly Buffer[], where: string): void {
    nowUs += 1_000_000;
    whole.reconnect(stream.maxFrameBytes, nowUs);
    cut.reconnect(stream.maxFrameBytes, nowUs);
    let wrong: string[];
    try {
      wrong = broken(stream, chunks, whole, cut);
    } catch (error) {
      wrong = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    }
    if (wrong.length === 0) return;
    throw new Error(
      `${where}: ${wrong.join('; ')}\n` +
        `MAX_FRAME_BYTES ${stream.maxFrameBytes}, chunks of ${chunks.map(({ length }) => length).join(', ')} bytes\n` +
        `the stream: ${JSON.stringify(stream.bytes.toString('latin1'))}\n` +
        `the damage, for a file in test/corpus (base64): ${stream.damage.toString('base64')}`,
    );
  }

  it.each([...corpus.keys()])('of the corpus, cut at every byte: %s', (file) => {
    const damage = corpus.get(file) ?? Buffer.alloc(0);
    for (const maxFrameBytes of [200, 65_536]) {
      const stream = streamOf(damage, Buffer.alloc(0), maxFrameBytes);
      const { bytes } = stream;
      check(
        stream,
        Array.from(bytes, (byte) => Buffer.of(byte)),
        `${file}, in single bytes`,
      );
      for (let at = 1; at < bytes.length; at += 1) {
        check(stream, [bytes.subarray(0, at), bytes.subarray(at)], `${file}, cut at byte ${at}`);
      }
    }
  });

  it(
    `${runs} times damaged, from run ${firstRun} of seed ${seed}`,
    () => {
      for (let run = firstRun; run < firstRun + runs; run += 1) {
        const random = new Random(seed, run);
        const stream = streamOf(
          damagedStream(streams, random),
          random.below(4) === 0 ? damagedStream(streams, random) : Buffer.alloc(0),
          random.oneOf(sizes),
        );
        const again = `FUZZ_SEED=${seed} FUZZ_FIRST_RUN=${run} FUZZ_RUNS=1`;
        check(stream, cutAtRandom(stream.bytes, random), `to see it again: ${again}`);
      }
    },
    20_000 + 3 * runs,
  );
});
