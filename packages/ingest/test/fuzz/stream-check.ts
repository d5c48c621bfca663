/**
 * A stream with valid neighbours around its damage, against what always holds:
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

const settings = { sensorTimeZone: 'Europe/Berlin', tcpAck: true };

/** What jsonb refuses: an escaped NUL, behind an even number of backslashes. */
const escapedNul = /(?<!\\)(?:\\\\)*\\u0000/;

const sentinel = (id: string): string => `{"id":"${id}","time":"2025-10-02 17:58:37","temp":1}`;
const before = Buffer.from(`${sentinel('before')}\n`);
const behind = Buffer.from(`\n${sentinel('first')}\n${sentinel('second')}\n`);

export interface Stream {
  readonly damage: Buffer;
  /** What follows the neighbours behind the damage. */
  readonly tail: Buffer;
  readonly bytes: Buffer;
  readonly maxFrameBytes: number;
}

export function streamOf(damage: Buffer, tail: Buffer, maxFrameBytes: number): Stream {
  return { damage, tail, bytes: Buffer.concat([before, damage, behind, tail]), maxFrameBytes };
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

/** Sends one stream after the other, each twice: whole, and in chunks the long way only. */
export class StreamCheck {
  readonly #whole = new Gateway(settings);
  readonly #cut = new Gateway(settings, 'long way only');
  #nowUs = receivedAtUs;

  /** What of all that must hold does not; empty if all is well. */
  wrongWith(stream: Stream, chunks: readonly Buffer[]): string[] {
    this.#nowUs += 1_000_000;
    this.#whole.reconnect(stream.maxFrameBytes, this.#nowUs);
    this.#cut.reconnect(stream.maxFrameBytes, this.#nowUs);
    try {
      return broken(stream, chunks, this.#whole, this.#cut);
    } catch (error) {
      return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    }
  }
}

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
