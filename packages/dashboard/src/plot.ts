/**
 * One uPlot chart: its options, and how lines of several sensors become one table of data.
 *
 * What always holds: a line is broken where its sensor was silent and nowhere else, whatever times the
 * other sensors have; axes and cursor show the display's time zone.
 */
import uPlot from 'uplot';
import { formatNumber } from './format.js';
import type { Measurement } from './measurements.js';
import { isolatedPoints, nearestMeasured } from './plot-points.js';
import { lineOf, type SensorSeries } from './series.js';

/** With more sensors, their bands would hide each other's lines. */
const maxBands = 3;
const minDragPx = 5;
/** How far the cursor looks for a point of a line that has none right there. */
const reachPx = 30;
const cursorKey = 'zdenergy';
/** uPlot's mode in which a gap reaches to the line's own neighbours, over other lines' points between. */
const expandNulls = 2;

export interface PlotParts {
  readonly measurement: Measurement;
  readonly sensorCount: number;
  readonly zone: string;
  readonly colours: PlotColours;
  readonly size: { readonly width: number; readonly height: number };
  readonly onZoom: (fromMs: number, toMs: number) => void;
  readonly onReset: () => void;
  /** The cursor is over this point of each line, or over none. */
  readonly onCursor: (plot: uPlot) => void;
}

export interface PlotColours {
  readonly text: string;
  readonly grid: string;
  /** By the order of the sensors. */
  readonly lines: readonly string[];
}

const hasBands = (sensorCount: number): boolean => sensorCount <= maxBands;

/** The series of the plot that is the sensor's line. */
export const lineIndex = (sensor: number, sensorCount: number): number =>
  1 + sensor * (hasBands(sensorCount) ? 3 : 1);

export function plotData(all: readonly SensorSeries[], { key }: Measurement): uPlot.AlignedData {
  const tables = all.map((series): uPlot.AlignedData => {
    const { time, mean, low, high } = lineOf(series, key);
    return hasBands(all.length) ? [time, mean, low, high] : [time, mean];
  });
  const modes = tables.map((table) => table.map(() => expandNulls));
  return tables.length === 0 ? [[]] : uPlot.join(tables, modes);
}

export function plotOptions(parts: PlotParts): uPlot.Options {
  const { measurement, sensorCount, zone, colours, size } = parts;
  const font = '12px system-ui, sans-serif';
  const axis: uPlot.Axis = {
    stroke: colours.text,
    font,
    labelFont: font,
    labelSize: 18,
    grid: { stroke: colours.grid, width: 1 },
    ticks: { stroke: colours.grid, width: 1, size: 5 },
  };
  return {
    ...size,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
    legend: { show: false },
    padding: [10, 24, 0, 0],
    scales: { x: { time: true } },
    axes: [
      { ...axis, label: `Time (${zone})`, values: timeLabels, space: 70, size: 44 },
      {
        ...axis,
        label: `${measurement.name}, ${measurement.unit}`,
        values: (_plot, values, _axis, _space, step) =>
          values.map((value) => formatNumber(value, decimalsOf(step))),
        size: (_plot, values) =>
          14 + 7 * Math.max(3, ...(values ?? []).map(({ length }) => length)),
      },
    ],
    series: [{}, ...Array.from({ length: sensorCount }, (_, index) => lines(parts, index)).flat()],
    bands: hasBands(sensorCount)
      ? Array.from({ length: sensorCount }, (_, index) => {
          const line = lineIndex(index, sensorCount);
          return { series: [line + 2, line + 1], fill: `${colours.lines[index] ?? ''}38` };
        })
      : [],
    cursor: cursor(parts),
    hooks: {
      setCursor: [parts.onCursor],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          if (width < minDragPx) return;
          parts.onZoom(plot.posToVal(left, 'x') * 1_000, plot.posToVal(left + width, 'x') * 1_000);
        },
      ],
    },
  };
}

/** As many as the step between two labels needs, so that all of them have as many. */
function decimalsOf(step: number): number {
  const isWhole = (decimals: number): boolean => {
    const scaled = step * 10 ** decimals;
    return Math.abs(scaled - Math.round(scaled)) < 1e-6;
  };
  return [0, 1, 2, 3, 4].find(isWhole) ?? 5;
}

function lines({ sensorCount, colours }: PlotParts, index: number): uPlot.Series[] {
  const stroke = colours.lines[index] ?? colours.text;
  const line: uPlot.Series = {
    stroke,
    width: 1.5,
    points: {
      size: 5,
      stroke,
      fill: stroke,
      // A single reading between two gaps has no line, but must be seen.
      filter: (plot, seriesIndex, isShown) =>
        isShown ? null : isolatedPoints(plot.data[seriesIndex]),
    },
  };
  const edge: uPlot.Series = { width: 0, points: { show: false } };
  return hasBands(sensorCount) ? [line, edge, { ...edge }] : [line];
}

function cursor({ sensorCount, onReset }: PlotParts): uPlot.Cursor {
  const isLine = (index: number): boolean => !hasBands(sensorCount) || index % 3 === 1;
  return {
    // A drag in one chart must not be a drag in the others.
    sync: {
      key: cursorKey,
      scales: ['x', null],
      filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
    },
    drag: { x: true, y: false, setScale: false },
    y: false,
    // The edges of a band have no points.
    points: {
      size: (_plot, index) => (isLine(index) ? 7 : 0),
      width: (_plot, index) => (isLine(index) ? 1 : 0),
    },
    dataIdx: (plot, seriesIndex, hovered, atSeconds) => {
      if (seriesIndex === 0) return hovered;
      const reach = plot.posToVal(reachPx, 'x') - plot.posToVal(0, 'x');
      const times = plot.data[0];
      return nearestMeasured(times, plot.data[seriesIndex], hovered, atSeconds, reach) ?? hovered;
    },
    bind: {
      dblclick: () => () => {
        onReset();
        return null;
      },
    },
  };
}

/** Of each step between labels: how one is written, and what is added where a larger unit changes. */
const timeLabels: uPlot.Axis.Values = [
  [365 * 86_400, '{YYYY}', null, null, null, null, null, null, 1],
  [28 * 86_400, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [86_400, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [60, '{HH}:{mm}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
  [0.001, '{HH}:{mm}:{ss}.{fff}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
];
