/**
 * The memory of a worker, watched through its restarts.
 *
 * What always holds: each sample is of the process that ran then; a process that ends while it is
 * looked at gives none.
 */
import type { Releases } from '@zdenergy/core';
import { residentBytes } from './processes.js';

const everyMs = 100;

export class MemoryWatch {
  /** Samples of each process, in the order of time. */
  readonly #samples = new Map<number, number[]>();
  readonly #beforeBytes: number;
  #pid: number;

  constructor(pid: number, releases: Releases) {
    this.#pid = pid;
    this.#beforeBytes = residentBytes(pid);
    this.#samples.set(pid, [this.#beforeBytes]);
    const timer = setInterval(() => this.#sample(), everyMs);
    releases.push(() => clearInterval(timer));
  }

  /** The worker has another process now. */
  follow(pid: number): void {
    this.#pid = pid;
  }

  get peakBytes(): number {
    this.#sample();
    return Math.max(...[...this.#samples.values()].flat());
  }

  /** The most that there was more than at the beginning. */
  get growthBytes(): number {
    return this.peakBytes - this.#beforeBytes;
  }

  /** The mean of the process that runs now, over the latest time. */
  recentBytes(overMs: number): number {
    const recent = (this.#samples.get(this.#pid) ?? []).slice(-Math.ceil(overMs / everyMs));
    return recent.reduce((sum, bytes) => sum + bytes, 0) / recent.length;
  }

  #sample(): void {
    const bytes = residentBytesIfRunning(this.#pid);
    if (bytes === undefined) return;
    const samples = this.#samples.get(this.#pid);
    if (samples === undefined) this.#samples.set(this.#pid, [bytes]);
    else samples.push(bytes);
  }
}

function residentBytesIfRunning(pid: number): number | undefined {
  try {
    const bytes = residentBytes(pid);
    // A process that is ending has no memory any more.
    return Number.isNaN(bytes) ? undefined : bytes;
  } catch {
    return undefined;
  }
}

/** For the table of figures. */
export function megabytesInWords(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
