/**
 * How a chart is used without a mouse, which uPlot knows alone: by keyboard and by touch, and what a
 * screen reader says of it.
 *
 * What always holds: it ends with its plot; only what keys and fingers do is said, and of quick steps
 * the last.
 */
import type uPlot from 'uplot';
import { HeldCursor } from './held-cursor.js';
import type { PlotControl } from './plot-control.js';
import { bindKeys } from './plot-keys.js';
import { bindTouch } from './plot-touch.js';
import type { Bounds } from './time-range.js';

/** Steps that follow each other more quickly are not said one by one. */
const settleMs = 300;

type Given = Pick<PlotControl, 'host' | 'lineIndexes' | 'shown' | 'whole'>;

export interface ControlParts extends Given {
  /** The live region; null: not there any more. */
  readonly spoken: () => HTMLElement | null;
  readonly isZoomed: () => boolean;
  readonly onZoom: (fromMs: number, toMs: number) => void;
  readonly onReset: () => void;
  /** The values under the cursor, in words. */
  readonly describe: (plot: uPlot) => string;
  readonly describeSpan: (bounds: Bounds) => string;
}

export function withoutMouse(parts: ControlParts): uPlot.Plugin {
  const { host, lineIndexes, shown, whole } = parts;
  const cursor = new HeldCursor();
  const end = new AbortController();
  const say = speaker(parts.spoken, end.signal);
  const control: PlotControl = {
    host,
    lineIndexes,
    shown,
    whole,
    cursor,
    signal: end.signal,
    zoom: (bounds) => {
      parts.onZoom(bounds.fromMs, bounds.toMs);
      say(() => `Zoomed to ${parts.describeSpan(bounds)}`);
    },
    reset: () => {
      say(parts.isZoomed() ? () => `Zoom reset: ${parts.describeSpan(whole())}` : () => '');
      parts.onReset();
    },
    sayValues: (plot) => say(() => parts.describe(plot)),
  };
  return {
    hooks: {
      ...cursor.hooks,
      ready: (plot) => {
        bindKeys(plot, control);
        bindTouch(plot, control);
      },
      destroy: () => end.abort(),
    },
  };
}

/** Says a text once no other has come for a moment. */
function speaker(
  place: () => HTMLElement | null,
  signal: AbortSignal,
): (text: () => string) => void {
  let timer: number | undefined;
  signal.addEventListener('abort', () => window.clearTimeout(timer));
  return (text) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      const element = place();
      if (element !== null) element.textContent = text();
    }, settleMs);
  };
}
