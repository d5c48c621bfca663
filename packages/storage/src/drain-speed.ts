/**
 * How fast the database takes items, as the last larger parts had it.
 *
 * What always holds: small parts say nothing here, for a commit takes its time however little is in it.
 */

/** From here on a part's time is that of its items rather than that of a commit. */
const tellingItems = 1_000;
/** The newest part's share: a hiccup is evened out over some parts, a change is followed within a second. */
const newestShare = 0.2;

export class DrainSpeed {
  #itemsPerMs: number | undefined;

  /** A part was stored. */
  note(items: number, tookMs: number): void {
    if (items < tellingItems) return;
    const itemsPerMs = items / Math.max(1, tookMs);
    const before = this.#itemsPerMs ?? itemsPerMs;
    this.#itemsPerMs = before + newestShare * (itemsPerMs - before);
  }

  /** How many items are stored within `ms`; undefined before anything was learned. */
  itemsWithin(ms: number): number | undefined {
    return this.#itemsPerMs === undefined ? undefined : this.#itemsPerMs * ms;
  }
}
