/**
 * A chart by keyboard: arrows, Home and End move the cursor over its points, + and - zoom, Escape resets.
 *
 * What always holds: keys that are the browser's own, such as those with Ctrl, are left to it; the
 * cursor goes with the focus.
 */
import type uPlot from 'uplot';
import type { PlotControl } from './plot-control.js';
import { measuredTimes, timeAfterStep, zoomedIn, zoomedOut, type Direction } from './plot-steps.js';

/** Of the width, for a step with Shift. */
const longStep = 0.1;

export function bindKeys(plot: uPlot, control: PlotControl): void {
  const { host, signal } = control;
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (act(plot, control, event)) event.preventDefault();
  };
  host.addEventListener('keydown', press, { signal });
  const leave = (): void => {
    // Who only looks at another window comes back to the same place.
    if (document.activeElement !== host) control.cursor.remove(plot);
  };
  host.addEventListener('blur', leave, { signal });
}

/** Returns whether the key means anything here. */
function act(plot: uPlot, control: PlotControl, { key, shiftKey }: KeyboardEvent): boolean {
  const reach = shiftKey ? longStep * spanOf(plot) : 0;
  switch (key) {
    case 'ArrowLeft':
      step(plot, control, -1, reach);
      return true;
    case 'ArrowRight':
      step(plot, control, 1, reach);
      return true;
    case 'Home':
      step(plot, control, -1, Infinity);
      return true;
    case 'End':
      step(plot, control, 1, Infinity);
      return true;
    case '+':
    case '=':
      zoomIn(plot, control);
      return true;
    case '-':
    case '_':
      zoomOut(plot, control);
      return true;
    case 'Escape':
      control.cursor.remove(plot);
      control.reset();
      return true;
    default:
      return false;
  }
}

const boundsOf = (plot: uPlot): [from: number, to: number] => {
  const { min = 0, max = 0 } = plot.scales['x'] ?? {};
  return [min, max];
};

function spanOf(plot: uPlot): number {
  const [from, to] = boundsOf(plot);
  return to - from;
}

function step(plot: uPlot, control: PlotControl, direction: Direction, reach: number): void {
  const lines = control.lineIndexes.map((index) => plot.data[index]);
  const times = measuredTimes(plot.data[0], lines, ...boundsOf(plot));
  const seconds = timeAfterStep(times, control.cursor.seconds(plot), direction, reach);
  if (seconds === undefined) return;
  control.cursor.put(plot, seconds);
  control.sayValues(plot);
}

function zoomIn(plot: uPlot, control: PlotControl): void {
  const bounds = zoomedIn(control.shown(), centreMs(plot, control));
  if (bounds !== undefined) control.zoom(bounds);
}

function zoomOut(plot: uPlot, control: PlotControl): void {
  const bounds = zoomedOut(control.shown(), control.whole(), centreMs(plot, control));
  if (bounds === undefined) control.reset();
  else control.zoom(bounds);
}

/** The cursor's time, or the middle. */
function centreMs(plot: uPlot, { cursor, shown }: PlotControl): number {
  const seconds = cursor.seconds(plot);
  const { fromMs, toMs } = shown();
  return seconds === undefined ? (fromMs + toMs) / 2 : seconds * 1_000;
}
