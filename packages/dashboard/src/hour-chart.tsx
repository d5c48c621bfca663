/**
 * Connections per hour over a day, as bars.
 *
 * What always holds: it can be read without seeing it; a bar that is not zero can be seen.
 */
import type { JSX } from 'preact';
import type { TcpStats } from './api-answers.js';
import { formatNumber } from './format.js';
import { clockTime } from './zoned-time.js';

const hourMs = 3_600_000;
/** Of the drawing, in its own units. */
const [barWidth, gapWidth, height, labelHeight] = [10, 3, 60, 12];
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
  const { opened } = perHour;
  const most = Math.max(1, ...opened);
  const total = opened.reduce((sum, count) => sum + count, 0);
  const hourOf = (index: number): string =>
    clockTime(endMs - (opened.length - 1 - index) * hourMs, zone).time.slice(0, 2);
  const summary = `${formatNumber(total)} connections opened in the last ${opened.length} hours, ${formatNumber(most)} at most in one hour, ${formatNumber(opened.at(-1))} in this one`;
  const width = opened.length * (barWidth + gapWidth);
  return (
    <figure class="hours">
      <figcaption>
        Opened per hour ({zone}). <span class="note">{summary}.</span>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height + labelHeight}`} role="img" aria-label={summary}>
        {opened.map((count, index) => {
          const tall = count === 0 ? 0 : Math.max(minBar, (count / most) * height);
          const x = index * (barWidth + gapWidth);
          return (
            <g key={index}>
              <rect
                class={index === opened.length - 1 ? 'bar current-hour' : 'bar'}
                x={x}
                y={height - tall}
                width={barWidth}
                height={tall}
              >
                <title>{`${hourOf(index)}:00 ${zone}: ${formatNumber(count)} opened, ${formatNumber(perHour.closed[index])} closed`}</title>
              </rect>
              {(opened.length - 1 - index) % labelEvery === 0 && (
                <text x={x + barWidth / 2} y={height + 9} text-anchor="middle">
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
