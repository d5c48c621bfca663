/**
 * Many timers for the price of one: tasks wait in slots of 10 ms, and one clock turns the wheel.
 *
 * What always holds: a task runs once, never before its time and at most one tick late as long as
 * `advance` is called each tick; after a pause, all that came due meanwhile runs. The wheel has no
 * clock of its own, and a task cannot be taken back: it checks itself whether it is still wanted.
 */

export const tickMs = 10;
/** One turn takes 10.24 s; what is due later stays in its slot for another turn. */
const slotCount = 1_024;

type Task = (nowMs: number) => void;

interface Entry {
  readonly tick: number;
  readonly task: Task;
}

export class TimerWheel {
  readonly #slots: Entry[][] = Array.from({ length: slotCount }, () => []);
  /** The last tick whose tasks have run. */
  #tick: number;

  /** @param nowMs on the clock that later calls use */
  constructor(nowMs: number) {
    this.#tick = Math.floor(nowMs / tickMs);
  }

  /** Runs the task once `dueMs` has passed; at the next tick when it has already. */
  at(dueMs: number, task: Task): void {
    const tick = Math.max(Math.ceil(dueMs / tickMs), this.#tick + 1);
    this.#slots[tick % slotCount]?.push({ tick, task });
  }

  /** Runs what has come due. */
  advance(nowMs: number): void {
    const lastTick = Math.floor(nowMs / tickMs);
    // After a pause of more than a turn each slot still needs to be looked at only once.
    this.#tick = Math.max(this.#tick, lastTick - slotCount);
    while (this.#tick < lastTick) {
      this.#tick += 1;
      this.#runSlot(this.#tick % slotCount, lastTick, nowMs);
    }
  }

  #runSlot(index: number, lastTick: number, nowMs: number): void {
    const entries = this.#slots[index];
    if (entries === undefined || entries.length === 0) return;
    this.#slots[index] = entries.filter(({ tick }) => tick > lastTick);
    for (const { tick, task } of entries) {
      if (tick <= lastTick) task(nowMs);
    }
  }
}
