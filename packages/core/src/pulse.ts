/**
 * What a process says of itself at each beat of its event loop: how late beats came, its memory and
 * its CPU time.
 *
 * What always holds: a beat costs microseconds, and never fails; a delay is told for half a minute, so
 * that whoever looks only now and then sees it, too.
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
  #residentBytes = 0;

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
    this.#measureMemory();
    const { user, system } = process.cpuUsage();
    return {
      loopDelayMs: Math.max(...this.#delaysMs),
      residentBytes: this.#residentBytes,
      cpuMs: (user + system) / 1_000,
    };
  }

  /** Node.js reads a file for it. While a process has no descriptor left, the last figure has to do. */
  #measureMemory(): void {
    try {
      this.#residentBytes = process.memoryUsage.rss();
    } catch {
      // Asked again with the next beat.
    }
  }
}
