/**
 * The cursor of a chart, which a key or a finger can hold at a time.
 *
 * What always holds: held, it stays at its time while the chart moves, zooms or changes its size, until
 * something else moves it, and the other charts' cursors go with it; it leaves with its time. Held or
 * not, it marks points of the data that is drawn.
 */
import type uPlot from 'uplot';

const hiddenPx = -10;
/** A point at the very edge may be computed to be beyond it. */
const edgePx = 1;

/** With uPlot's third argument, which its types do not have: whether the other charts' cursors follow. */
interface Publishing {
  readonly setCursor: (
    at: { left: number; top: number },
    callHooks: boolean,
    publish: boolean,
  ) => void;
}

export class HeldCursor {
  #held: { readonly seconds: number; readonly left: number } | undefined;

  readonly hooks: uPlot.Hooks.ArraysOrFuncs = {
    setCursor: (plot) => {
      if (plot.cursor.left !== this.#held?.left) this.#held = undefined;
    },
    setData: (plot) => this.#keep(plot),
    setScale: (plot) => this.#keep(plot),
    setSize: (plot) => this.#keep(plot),
  };

  /** The time of the cursor, whatever has put it there; undefined: there is none. */
  seconds(plot: uPlot): number | undefined {
    const { left = hiddenPx } = plot.cursor;
    if (left < 0) return undefined;
    return this.#held?.seconds ?? plot.posToVal(left, 'x');
  }

  put(plot: uPlot, seconds: number): void {
    const width = plot.over.clientWidth;
    const exact = plot.valToPos(seconds, 'x');
    const left = Math.min(Math.max(exact, 0), width);
    const isSeen = Math.abs(exact - left) <= edgePx;
    this.#held = isSeen ? { seconds, left } : undefined;
    move(plot, isSeen ? left : hiddenPx);
  }

  remove(plot: uPlot): void {
    this.#held = undefined;
    move(plot, hiddenPx);
  }

  /** Once all charts have what they are to show. */
  #keep(plot: uPlot): void {
    queueMicrotask(() => {
      const { left = hiddenPx, top = hiddenPx } = plot.cursor;
      if (this.#held !== undefined) this.put(plot, this.#held.seconds);
      else plot.setCursor({ left, top });
    });
  }
}

function move(plot: Publishing, left: number): void {
  plot.setCursor({ left, top: left < 0 ? hiddenPx : 0 }, true, true);
}
