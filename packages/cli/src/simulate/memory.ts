/**
 * A gateway's memory: the readings it has not got rid of, oldest first.
 *
 * What always holds: a reading is either waiting or on its way, and in the order it was measured; a
 * lost connection makes all that were on their way wait again; there is room for so many and no more.
 */
import type { Reading } from './reading.js';

export interface Held extends Reading {
  /** Times its sending was begun. */
  attempts: number;
  /** When it was last handed to a connection whole, on the monotonic clock, or `neverHanded`. */
  handedAtMs: number;
  /** Whether the network ever took it whole. */
  sent: boolean;
}

export const neverHanded = -1;

/** A gateway later than this, and than its interval, does not catch up with what it missed. */
export const mostCatchUpMs = 1_000;

/** A minute of readings within these bounds, and at least ten rounds beside those to catch up with. */
const size = { periodMs: 60_000, min: 100, max: 1_000, rounds: 10 } as const;

/** How many readings a gateway keeps that reads so many sensors each interval. */
export function memorySize(sensors: number, intervalMs: number): number {
  const period = Math.ceil((size.periodMs / intervalMs) * sensors);
  const rounds = size.rounds + Math.ceil(mostCatchUpMs / intervalMs);
  return Math.max(Math.min(size.max, Math.max(size.min, period)), rounds * sensors);
}

export class Memory {
  readonly #size: number;
  #waiting: Held[] = [];
  /** By their seq; a Map keeps the order. */
  readonly #onTheirWay = new Map<number, Held>();

  constructor(size: number) {
    this.#size = size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get onTheirWay(): number {
    return this.#onTheirWay.size;
  }

  /** Readings that the network never took whole. */
  get unsent(): number {
    return [...this.#waiting, ...this.#onTheirWay.values()].filter(({ sent }) => !sent).length;
  }

  /** False when there is no room for it. */
  hold(reading: Reading): boolean {
    if (this.waiting + this.onTheirWay >= this.#size) return false;
    this.#waiting.push({ ...reading, attempts: 0, handedAtMs: neverHanded, sent: false });
    return true;
  }

  /** Takes the oldest that waits, which is then on its way. */
  takeNext(): Held | undefined {
    const reading = this.#waiting.shift();
    if (reading !== undefined) this.#onTheirWay.set(reading.seq, reading);
    return reading;
  }

  findOnItsWay(seq: number): Held | undefined {
    return this.#onTheirWay.get(seq);
  }

  forget(reading: Held): void {
    this.#onTheirWay.delete(reading.seq);
  }

  /** The connection is gone: what was on its way waits again. */
  takeBack(): void {
    this.#waiting = [...this.#onTheirWay.values(), ...this.#waiting];
    this.#onTheirWay.clear();
  }
}
