/**
 * What keys and fingers can do with a chart.
 *
 * What always holds: of what goes through here, a screen reader is told.
 */
import type uPlot from 'uplot';
import type { HeldCursor } from './held-cursor.js';
import type { Bounds } from './time-range.js';

export interface PlotControl {
  /** What has the focus. */
  readonly host: HTMLElement;
  /** The series of the plot that are sensors' lines. */
  readonly lineIndexes: readonly number[];
  readonly cursor: HeldCursor;
  /** Ends with the plot. */
  readonly signal: AbortSignal;
  readonly shown: () => Bounds;
  /** What is shown without a zoom. */
  readonly whole: () => Bounds;
  readonly zoom: (bounds: Bounds) => void;
  readonly reset: () => void;
  readonly sayValues: (plot: uPlot) => void;
}
