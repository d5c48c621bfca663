/**
 * A chart by finger or pen: a drag along the time zooms, a tap shows the values there, two taps reset.
 *
 * What always holds: a mouse is left to uPlot; a movement that the browser takes for its own, to scroll
 * or to pinch, changes nothing here.
 */
import type uPlot from 'uplot';
import type { PlotControl } from './plot-control.js';

/** A finger that only taps is less steady than a mouse. */
const minDragPx = 10;
const doubleTapMs = 350;
const doubleTapPx = 40;

interface Touch {
  readonly id: number;
  readonly startPx: number;
  readonly isDrag: boolean;
}

export function bindTouch(plot: uPlot, control: PlotControl): void {
  const { over } = plot;
  let touch: Touch | undefined;
  let lastTap = { px: 0, atMs: -Infinity };

  const down = (event: PointerEvent): void => {
    if (event.pointerType === 'mouse' || !event.isPrimary) return;
    // Else the browser plays a mouse as well.
    event.preventDefault();
    touch = { id: event.pointerId, startPx: positionOf(event, over), isDrag: false };
  };
  const move = (event: PointerEvent): void => {
    if (touch?.id !== event.pointerId) return;
    const px = positionOf(event, over);
    const [left, right] = [Math.min(px, touch.startPx), Math.max(px, touch.startPx)];
    if (!touch.isDrag && right - left < minDragPx) return;
    touch = { ...touch, isDrag: true };
    select(plot, left, right - left);
    control.cursor.put(plot, plot.posToVal(px, 'x'));
  };
  const up = (event: PointerEvent): void => {
    if (touch?.id !== event.pointerId) return;
    const { isDrag } = touch;
    touch = undefined;
    if (isDrag) {
      control.cursor.remove(plot);
      // What uPlot does at the end of a mouse's drag.
      plot.setSelect(plot.select);
    } else tap(positionOf(event, over), event.timeStamp);
  };
  const cancel = (event: PointerEvent): void => {
    if (touch?.id !== event.pointerId) return;
    if (touch.isDrag) {
      select(plot, 0, 0);
      control.cursor.remove(plot);
    }
    touch = undefined;
  };
  const tap = (px: number, atMs: number): void => {
    const isSecond = atMs - lastTap.atMs < doubleTapMs && Math.abs(px - lastTap.px) < doubleTapPx;
    lastTap = { px, atMs: isSecond ? -Infinity : atMs };
    if (isSecond) {
      control.cursor.remove(plot);
      control.reset();
      return;
    }
    // So that a tap elsewhere takes the cursor away.
    control.host.focus({ preventScroll: true });
    control.cursor.put(plot, plot.posToVal(px, 'x'));
    control.sayValues(plot);
  };

  const { signal } = control;
  over.addEventListener('pointerdown', down, { signal });
  over.addEventListener('pointermove', move, { signal });
  over.addEventListener('pointerup', up, { signal });
  over.addEventListener('pointercancel', cancel, { signal });
}

/** Within the plot, to which a finger may be a little outside. */
function positionOf({ clientX }: PointerEvent, over: HTMLElement): number {
  const { left, width } = over.getBoundingClientRect();
  return Math.min(Math.max(clientX - left, 0), width);
}

function select(plot: uPlot, left: number, width: number): void {
  const height = width === 0 ? 0 : plot.over.clientHeight;
  plot.setSelect({ left, top: 0, width, height }, false);
}
