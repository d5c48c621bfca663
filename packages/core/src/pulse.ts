/**
 * What a process says of itself at each beat of its event loop: how late beats came, its memory and
 * its CPU time.
 *
 * What always holds: a beat costs microseconds; a delay is told for half a minute, so that whoever
 * looks only now and then sees it, too.
 */
import type * as zod from 'zod';
import { z } from './zod.js';

/** Twice as long as monitoring usually takes to look again. */
const keptBeats = 30;

export const processState = z.object({
  /** The most by which one of the last 30 beats came late. */
  loopDelayMs: z.number().nonnegative(),
  residentBytes: z.number().nonnegative(),
  /** Since the process started. */
  cpuMs: z.number().nonnegative(),
});
export type ProcessState = zod.infer<typeof processState>;

export class Pulse {
  readonly #everyMs: number;
  #expectedAtMs: number;
  #delaysMs: readonly number[] = [];

  /** The first beat is due `everyMs` after now; one that comes sooner is not late. */
  constructor(everyMs: number, nowMs: number) {
    this.#everyMs = everyMs;
    this.#expectedAtMs = nowMs + everyMs;
  }

  /** To be called by a timer of the event loop; `nowMs` by the monotonic clock. */
  beat(nowMs: number): ProcessState {
    const delayMs = Math.max(0, nowMs - this.#expectedAtMs);
    this.#expectedAtMs = nowMs + this.#everyMs;
    this.#delaysMs = [...this.#delaysMs, delayMs].slice(-keptBeats);
    const { user, system } = process.cpuUsage();
    return {
      loopDelayMs: Math.max(...this.#delaysMs),
      residentBytes: process.memoryUsage.rss(),
      cpuMs: (user + system) / 1_000,
    };
  }
}
