/**
 * Metrics as values: a family is what Prometheus knows under one name, with its samples.
 *
 * What always holds: families are plain objects in the form in which prom-client takes over what
 * other processes have measured, so that they can be worked out without a clock and without I/O.
 */
import type { HistogramState } from '@zdenergy/core';

type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Of one that has another name than its family, as those of a histogram. */
  readonly metricName?: string;
}

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What prom-client does with samples of the same labels; there are none. */
  readonly aggregator: 'first';
  readonly values: readonly Sample[];
}

export const sample = (value: number, labels: Labels = {}): Sample => ({ labels, value });

/** 1 for yes, 0 for no. */
export const flag = (isSo: boolean, labels: Labels = {}): Sample => sample(isSo ? 1 : 0, labels);

/** What can rise and fall. */
export const gauge = (name: string, help: string, values: readonly Sample[]): MetricFamily => ({
  name,
  help,
  type: 'gauge',
  aggregator: 'first',
  values,
});

/** What only grows, and starts at 0 with the process that counts it. */
export const counter = (name: string, help: string, values: readonly Sample[]): MetricFamily => ({
  ...gauge(name, help, values),
  type: 'counter',
});

/** The name is without `_bucket`, `_sum` and `_count`. */
export const histogram = (
  name: string,
  help: string,
  states: readonly (readonly [HistogramState, Labels])[],
): MetricFamily => ({
  ...gauge(
    name,
    help,
    states.flatMap(([state, labels]) => histogramSamples(name, state, labels)),
  ),
  type: 'histogram',
});

function histogramSamples(name: string, state: HistogramState, labels: Labels): Sample[] {
  let total = 0;
  const buckets = state.counts.map((count, place) => {
    total += count;
    const le = String(state.bounds[place] ?? '+Inf');
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: state.sum },
    { metricName: `${name}_count`, labels, value: total },
  ];
}
