/**
 * `/api/history`: the data of a chart, in columns.
 *
 * What always holds: all columns of a series are of one length, and those of all series together are
 * never longer than the points that were asked for.
 */
import { measurementNames } from '@zdenergy/core';
import type { Chart, ChartPoint } from '@zdenergy/storage';
import {
  countParameter,
  instantParameter,
  ParameterRefused,
  sensorsParameter,
} from './query-parameters.js';
import type { AskDatabase, StoredParts } from './stored-parts.js';

const sensors = [1, 10] as const;
const points = [10, 2_000, 2_000] as const;
/** More than a chart can show of an average, and half the bytes. */
const averageDigits = 9;

export function answerChart({ data }: StoredParts): AskDatabase {
  return ({ query }) => {
    const sensorIds = sensorsParameter(query, sensors);
    const fromMs = instantParameter(query, 'from');
    const toMs = instantParameter(query, 'to');
    if (toMs <= fromMs) throw new ParameterRefused('to', 'a time after from');
    const question = { sensorIds, fromMs, toMs, points: countParameter(query, 'points', points) };
    return async () => {
      const chart = await data.chart(question);
      return {
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
        bucket_seconds: chart.bucketSeconds,
        source: chart.source,
        series: sensorIds.map((id) => seriesOf(id, chart)),
      };
    };
  };
}

function seriesOf(sensorId: string, { points, last, bucketSeconds }: Chart): object {
  const own = points.filter((point) => point.sensorId === sensorId);
  const newest = last.find((point) => point.sensorId === sensorId);
  const isSummedUp = bucketSeconds > 0;
  const columns = measurementNames.flatMap((name, n): [string, readonly (number | null)[]][] => {
    const column = (values: (point: ChartPoint) => readonly (number | null)[]) =>
      own.map((point) => values(point)[n]);
    const averages = column(({ averages }) => averages);
    if (!isSummedUp) return [[name, averages]];
    return [
      [name, averages.map(rounded)],
      [`${name}_min`, column(({ minima }) => minima)],
      [`${name}_max`, column(({ maxima }) => maxima)],
    ];
  });
  return {
    sensor_id: sensorId,
    count: own.reduce((sum, { readings }) => sum + readings, 0),
    last: newest === undefined ? null : describeLast(newest),
    time: own.map(({ time }) => time),
    ...(isSummedUp && { readings: own.map(({ readings }) => readings) }),
    ...Object.fromEntries(columns),
  };
}

const describeLast = ({ time, averages }: ChartPoint): object => ({
  time,
  ...Object.fromEntries(measurementNames.map((name, n) => [name, averages[n]])),
});

const rounded = (value: number | null): number | null =>
  value === null ? null : Number(value.toPrecision(averageDigits));
