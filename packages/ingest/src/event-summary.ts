/**
 * Keeps a storm out of the log: of each kind of event the first few in a while are told one by one,
 * the others are counted and summed up in a line.
 *
 * Plain state without a clock; the caller says when a while is over.
 */

/** So many lines of a kind are told one by one in a while. */
const toldOneByOne = 5;

export class EventSummary<Kind extends string> {
  readonly #seen = new Map<Kind, number>();

  /** Whether this event gets a line of its own. */
  note(kind: Kind): boolean {
    const seen = (this.#seen.get(kind) ?? 0) + 1;
    this.#seen.set(kind, seen);
    return seen <= toldOneByOne;
  }

  /** Ends the while: how many of each kind were not told. */
  takeUntold(): [kind: Kind, count: number][] {
    const untold = [...this.#seen]
      .map(([kind, seen]): [Kind, number] => [kind, seen - toldOneByOne])
      .filter(([, count]) => count > 0);
    this.#seen.clear();
    return untold;
  }
}
