/**
 * Connections per hour over a day, as bars: those opened beside those closed.
 *
 * What always holds: it can be read without seeing it; a bar that is not zero can be seen.
 */
import type { JSX } from 'preact';
import type { TcpStats } from './api-answers.js';
import { formatNumber } from './format.js';
import { clockTime } from './zoned-time.js';

const hourMs = 3_600_000;
/** Of the drawing, in its own units. */
const [barWidth, gapWidth, height, labelHeight] = [5, 3, 60, 12];
const hourWidth = 2 * barWidth + gapWidth;
const minBar = 1.5;
/** So many hours between two labels. */
const labelEvery = 6;

interface HourChartProps {
  readonly perHour: TcpStats['per_hour'];
  /** Within the last of the hours. */
  readonly endMs: number;
  readonly zone: string;
}

export function HourChart({ perHour, endMs, zone }: HourChartProps): JSX.Element {
  const { opened, closed } = perHour;
  const most = Math.max(1, ...opened, ...closed);
  const hourOf = (index: number): string =>
    clockTime(endMs - (opened.length - 1 - index) * hourMs, zone).time.slice(0, 2);
  const summary = summaryOf(perHour);
  const width = opened.length * hourWidth;
  return (
    <figure class="hours">
      <figcaption>
        <span class="key opened" aria-hidden="true" /> opened and{' '}
        <span class="key closed" aria-hidden="true" /> closed per hour ({zone}).{' '}
        <span class="note">{summary}.</span>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height + labelHeight}`} role="img" aria-label={summary}>
        {opened.map((count, index) => {
          const x = index * hourWidth;
          const isCurrent = index === opened.length - 1;
          return (
            <g key={index}>
              <title>{`${hourOf(index)}:00 ${zone}: ${formatNumber(count)} opened, ${formatNumber(closed[index])} closed`}</title>
              <Bar look={isCurrent ? 'opened current-hour' : 'opened'} x={x} share={count / most} />
              <Bar look="closed" x={x + barWidth} share={(closed[index] ?? 0) / most} />
              {(opened.length - 1 - index) % labelEvery === 0 && (
                <text x={x + barWidth} y={height + 9} text-anchor="middle">
                  {hourOf(index)}
                </text>
              )}
            </g>
          );
        })}
        <line class="base" x1={0} x2={width} y1={height} y2={height} />
      </svg>
    </figure>
  );
}

interface BarProps {
  readonly look: string;
  readonly x: number;
  /** Of the whole height, from 0 to 1. */
  readonly share: number;
}

function Bar({ look, x, share }: BarProps): JSX.Element {
  const tall = share === 0 ? 0 : Math.max(minBar, share * height);
  return <rect class={`bar ${look}`} x={x} y={height - tall} width={barWidth} height={tall} />;
}

const sum = (counts: readonly number[]): number =>
  counts.reduce((total, count) => total + count, 0);

function summaryOf({ opened, closed }: TcpStats['per_hour']): string {
  const inAll = `${formatNumber(sum(opened))} connections opened and ${formatNumber(sum(closed))} closed in the last ${opened.length} hours`;
  const most = `${formatNumber(Math.max(0, ...opened))} opened at most in one hour`;
  return `${inAll}; ${most}, ${formatNumber(opened.at(-1))} in this one`;
}
