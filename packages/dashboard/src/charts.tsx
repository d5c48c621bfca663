/**
 * The four charts, with one time axis, one cursor and one zoom between them.
 *
 * What always holds: they are drawn at most once an animation frame, from data in memory; each has
 * a summary in words for who cannot see it, and needs no mouse; a chart that fills the screen can be
 * left by Escape.
 */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { useChanges, useTick } from './changes.js';
import type { ChartData } from './chart-data.js';
import { inWords, valuesUnder } from './cursor-values.js';
import { formatNumber, unknownText } from './format.js';
import { measurements, type Measurement } from './measurements.js';
import { lineIndex, plotData, plotOptions, type PlotColours } from './plot.js';
import { lastOf, summaryOf } from './series.js';
import { serverNowMs } from './server-clock.js';
import { Symbol } from './symbols.js';
import { boundsOf, rangeName, type Bounds, type TimeRange } from './time-range.js';
import { withoutMouse } from './without-mouse.js';
import { formatDateTime } from './zoned-time.js';

const heightPx = 240;
const minHeightPx = 120;
/** A moving window is moved on this often although nothing comes, so that silence is seen. */
const moveEveryMs = 1_000;

interface ChartsProps {
  readonly data: ChartData;
  readonly sensorIds: readonly string[];
  readonly range: TimeRange;
  /** What a zoom is a part of. */
  readonly wholeRange: TimeRange;
  readonly zone: string;
  readonly themeCount: number;
  readonly onZoom: (fromMs: number, toMs: number) => void;
  readonly onReset: () => void;
  /** Buttons beside the title. */
  readonly actions: ComponentChildren;
}

export function Charts(props: ChartsProps): JSX.Element {
  const { data, range, zone, onReset } = props;
  useChanges(data);
  const name = rangeName(range);
  const span = spanText(data.bounds, zone);
  return (
    <section class="history" aria-labelledby="history-title" aria-busy={data.isLoading}>
      <div class="history-head">
        <h2 id="history-title">{name === undefined ? 'Zoomed in' : capitalised(name)}</h2>
        <span class="span">{span}</span>
        {range.kind === 'zoom' && <button onClick={onReset}>Reset zoom</button>}
        <span class="loading" role="status">
          {data.isLoading ? 'Loading…' : ''}
        </span>
        <div class="actions">{props.actions}</div>
      </div>
      {data.problem !== null && (
        <p class="problem" role="alert">
          The history cannot be shown completely. {data.problem}{' '}
          <button onClick={() => data.reload()}>Try again</button>
        </p>
      )}
      <div class="charts">
        {measurements.map((measurement) => (
          <Chart key={measurement.key} measurement={measurement} {...props} />
        ))}
      </div>
      <SummaryTable {...props} />
    </section>
  );
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const spanText = ({ fromMs, toMs }: Bounds, zone: string): string =>
  `${formatDateTime(fromMs, zone)} to ${formatDateTime(toMs, zone)} ${zone}`;

function Chart(props: ChartsProps & { readonly measurement: Measurement }): JSX.Element {
  const { measurement, data, sensorIds, range, zone, themeCount } = props;
  const figure = useRef<HTMLElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLUListElement>(null);
  const spoken = useRef<HTMLParagraphElement>(null);
  const [isFull, toggleFull] = useFullScreen(figure);
  // The plot is made once; what it calls back is whatever is current then.
  const current = useRef(props);
  current.current = props;
  const plotKey = JSON.stringify([sensorIds, zone, themeCount]);

  useEffect(() => {
    const host = place.current;
    if (host === null) return undefined;
    const count = sensorIds.length;
    const write = (under: uPlot): void => {
      const last = data.seriesOf(sensorIds).map((series) => lastOf(series, measurement.key));
      writeLegend(legend.current, under, measurement, last, zone);
    };
    const onZoom = (fromMs: number, toMs: number): void => current.current.onZoom(fromMs, toMs);
    const onReset = (): void => current.current.onReset();
    const options = plotOptions({
      measurement,
      sensorCount: count,
      zone,
      colours: coloursOf(host),
      size: { width: host.clientWidth, height: heightPx },
      onZoom,
      onReset,
      onCursor: write,
    });
    const controls = withoutMouse({
      host,
      spoken: () => spoken.current,
      lineIndexes: sensorIds.map((_, sensor) => lineIndex(sensor, count)),
      shown: () => data.bounds,
      whole: () => boundsOf(current.current.wholeRange, serverNowMs(), zone),
      isZoomed: () => current.current.range.kind === 'zoom',
      onZoom,
      onReset,
      describe: (under) =>
        inWords(valuesUnder(under, count), measurement, sensorIds, zone, serverNowMs()),
      describeSpan: (bounds) => spanText(bounds, zone),
    });
    const plot = new uPlot({ ...options, plugins: [controls] }, [[]], host);
    const draw = (): void => {
      plot.batch(() => {
        plot.setData(plotData(data.seriesOf(sensorIds), measurement), false);
        move();
      });
      plot.redraw(true, true);
      write(plot);
    };
    const move = (): void => {
      const { fromMs, toMs } = data.bounds;
      plot.setScale('x', { min: fromMs / 1_000, max: toMs / 1_000 });
    };
    /** Only when it would be seen. */
    const moveOn = (): void => {
      const { fromMs, toMs } = data.bounds;
      const shiftMs = Math.abs(toMs - (plot.scales['x']?.max ?? 0) * 1_000);
      if (!document.hidden && shiftMs > (toMs - fromMs) / plot.width) move();
    };
    const fit = (): void => {
      const { clientWidth: width, clientHeight: height } = host;
      plot.setSize({ width, height: Math.max(minHeightPx, height) });
    };
    draw();
    const unsubscribe = data.subscribe(draw);
    const timer = window.setInterval(moveOn, moveEveryMs);
    const observer = new ResizeObserver(fit);
    observer.observe(host);
    return () => {
      unsubscribe();
      window.clearInterval(timer);
      observer.disconnect();
      plot.destroy();
    };
  }, [plotKey]);

  const isEmpty = data
    .seriesOf(sensorIds)
    .every(({ channels }) => channels[measurement.key].mean.every((value) => value === null));
  const titleId = `chart-${measurement.key}`;
  return (
    <figure class={`chart ${isFull ? 'full' : ''}`} ref={figure} aria-labelledby={titleId}>
      <figcaption>
        <h3 id={titleId}>
          {measurement.name} <span class="unit">{measurement.unit}</span>
        </h3>
        {range.kind === 'zoom' && (
          <button class="quiet" onClick={props.onReset}>
            Reset zoom
          </button>
        )}
        <button
          class="quiet icon"
          aria-label={isFull ? `Leave full screen` : `${measurement.name}: full screen`}
          title={isFull ? 'Leave full screen' : 'Full screen'}
          onClick={toggleFull}
        >
          <Symbol name={isFull ? 'less' : 'full'} />
        </button>
      </figcaption>
      <div class="plot-frame">
        <div
          class="plot"
          ref={place}
          tabIndex={0}
          role="application"
          aria-roledescription="chart"
          aria-label={`Chart of ${measurement.name.toLowerCase()} in ${measurement.unit}. Left and right arrow keys read its values, with Shift in long steps, Home and End the first and the last. Plus and minus zoom, Escape resets. The table below has the last, lowest and highest values.`}
        />
        <p class="keys" aria-hidden="true">
          ← → values · + − zoom · Esc reset
        </p>
        <p class="unseen" aria-live="polite" ref={spoken} />
        {isEmpty && !data.isLoading && data.problem === null && (
          <p class="no-data">No {measurement.name.toLowerCase()} was measured in this time.</p>
        )}
      </div>
      <ul class="legend" ref={legend} aria-hidden="true">
        <li class="when" />
        {sensorIds.map((id, index) => (
          <li key={id}>
            <span class={`swatch colour-${index + 1}`} />
            <span class="sensor-id">{id}</span>
            <b class="number">{unknownText}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}

/**
 * Writes the values under the cursor, or the last ones, which are in the order of the sensors. By
 * hand, since it happens with every move of the mouse.
 */
function writeLegend(
  legend: HTMLUListElement | null,
  plot: uPlot,
  { decimals }: Measurement,
  last: readonly (number | null)[],
  zone: string,
): void {
  const [when, ...items] = legend?.children ?? [];
  if (when === undefined) return;
  const under = valuesUnder(plot, last.length);
  const values = under?.values ?? last;
  when.textContent = under === undefined ? 'last' : `${formatDateTime(under.atMs, zone)} ${zone}`;
  items.forEach((item, sensor) => {
    const place = item.querySelector('b');
    if (place !== null) place.textContent = formatNumber(values[sensor], decimals);
  });
}

/** The style sheet's colours, for the canvas. */
function coloursOf(element: Element): PlotColours {
  const style = window.getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: colour('--text-soft'),
    grid: colour('--line'),
    lines: Array.from({ length: 10 }, (_, index) => colour(`--colour-${index + 1}`)),
  };
}

/** By the browser where it can (iPhones cannot), else over the whole of the page. */
function useFullScreen(element: { readonly current: HTMLElement | null }): [boolean, () => void] {
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const follow = (): void => setFull(document.fullscreenElement === element.current);
    document.addEventListener('fullscreenchange', follow);
    return () => document.removeEventListener('fullscreenchange', follow);
  }, []);
  useEffect(() => {
    if (!isFull) return undefined;
    const leave = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      if (document.fullscreenElement === null) setFull(false);
      else void document.exitFullscreen();
    };
    // Before the chart itself hears it, whose zoom is to stay.
    window.addEventListener('keydown', leave, true);
    return () => window.removeEventListener('keydown', leave, true);
  }, [isFull]);
  const toggle = (): void => {
    if (document.fullscreenElement !== null) void document.exitFullscreen();
    else if (isFull || !document.fullscreenEnabled) setFull(!isFull);
    else element.current?.requestFullscreen().catch(() => setFull(true));
  };
  return [isFull, toggle];
}

/** The charts in words and numbers. Brought up to date each second at the most. */
function SummaryTable({ data, sensorIds }: ChartsProps): JSX.Element {
  useTick();
  const second = Math.floor(performance.now() / 1_000);
  const rows = useMemo(() => {
    const { fromMs, toMs } = data.bounds;
    return data.seriesOf(sensorIds).map((series) => ({
      id: series.sensorId,
      cells: measurements.flatMap(({ key, decimals }) => {
        const { last, low, high } = summaryOf(series, key, fromMs / 1_000, toMs / 1_000);
        return [last, low, high].map((value) => formatNumber(value, decimals));
      }),
    }));
  }, [second, data.isLoading, sensorIds]);
  return (
    <details class="summary" open>
      <summary>Last, lowest and highest in this time</summary>
      <div class="wide" tabIndex={0} role="group" aria-label="Last, lowest and highest values">
        <table>
          <thead>
            <tr>
              <th scope="col" rowSpan={2}>
                Sensor
              </th>
              {measurements.map(({ key, name, unit }) => (
                <th scope="colgroup" colSpan={3} class="number" key={key}>
                  {name}, {unit}
                </th>
              ))}
            </tr>
            <tr>
              {measurements.flatMap(({ key }) =>
                ['Last', 'Lowest', 'Highest'].map((heading) => (
                  <th scope="col" class="number" key={key + heading}>
                    {heading}
                  </th>
                )),
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ id, cells }, index) => (
              <tr key={id}>
                <th scope="row">
                  <span class={`swatch colour-${index + 1}`} /> {id}
                </th>
                {cells.map((value, column) => (
                  <td class={column % 3 === 0 ? 'number first' : 'number'} key={column}>
                    {value}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
