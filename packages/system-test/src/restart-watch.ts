/**
 * How long a worker that keeps dying stays away each time, measured from outside.
 *
 * What always holds: the wait runs from the supervisor's own line about it to the moment at which
 * the kernel says that the next process began; nothing is taken from what the supervisor announces.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Releases } from '@zdenergy/core';
import { nextProcessOf } from './workers.js';
import type { Zdenergy } from './zdenergy.js';

/** The kernel counts a process's start in these. */
const tickMs = 1_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

export class RestartWatch {
  readonly #zdenergy: Zdenergy;
  readonly #name: string;
  /** When each process began, in the order of their beginnings, by the clock on the wall. */
  readonly #beganAtMs: number[] = [];
  readonly #from: number;
  #ended = false;

  /** Watches from now on, which is before the first death. */
  constructor(zdenergy: Zdenergy, name: string, pid: number, releases: Releases) {
    this.#zdenergy = zdenergy;
    this.#name = name;
    this.#from = zdenergy.program.output.length;
    releases.push(() => void (this.#ended = true));
    void this.#watch(pid);
  }

  /** The waits so far, in milliseconds; one for each process that was started again. */
  get waitsMs(): number[] {
    const deaths = this.#deathsAtMs;
    return this.#beganAtMs.map((beganAtMs, index) => beganAtMs - deaths[index]);
  }

  /** How many times it has died. */
  get deaths(): number {
    return this.#deathsAtMs.length;
  }

  get #deathsAtMs(): number[] {
    const line = new RegExp(`^(\\S+) \\[supervisor\\] 🔄 restarting ${this.#name} in `, 'gm');
    const said = this.#zdenergy.program.output.slice(this.#from);
    return [...said.matchAll(line)].map(([, time]) => Date.parse(time));
  }

  async #watch(first: number): Promise<void> {
    for (let pid = first; !this.#ended;) {
      // In short waits, so that it ends soon after the test.
      const next = await nextProcessOf(this.#zdenergy, this.#name, pid, 500).catch(() => undefined);
      if (next === undefined) continue;
      pid = next;
      const beganAtMs = beginningOf(pid);
      if (beganAtMs !== undefined) this.#beganAtMs.push(beganAtMs);
    }
  }
}

/** When a process began; undefined when it has ended already. */
function beginningOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The 22nd field; the second, the name, is the only one with spaces.
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    const uptimeMs = Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1_000;
    return Date.now() - uptimeMs + ticks * tickMs;
  } catch {
    return undefined;
  }
}
