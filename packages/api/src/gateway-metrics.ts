/** What `/metrics` says of each gateway that has a place in gateway-series.ts. */
import type { GatewaySeen } from './gateway-series.js';
import { counter, gauge, sample, type MetricFamily, type Sample } from './metric-family.js';

const gatewayCounters = [
  ['connections_opened_total', 'Connections that it opened', ({ opened }) => opened],
  ['received_bytes_total', 'Bytes that it sent', ({ bytes }) => bytes],
  ['readings_total', 'Readings that it sent', ({ readings }) => readings],
  ['rejects_total', 'What of it was rejected as it came', ({ rejected }) => rejected],
] as const satisfies readonly (readonly [string, string, (gateway: GatewaySeen) => number])[];

const whichGateways = 'at most 200 gateways of each worker';

export function gatewayFamilies(gateways: readonly GatewaySeen[]): MetricFamily[] {
  const samples = (value: (gateway: GatewaySeen) => number): Sample[] =>
    gateways.map((gateway) =>
      sample(value(gateway), { worker: gateway.worker, gateway: gateway.address }),
    );
  return [
    gauge(
      'zdenergy_gateway_connections_open',
      `Connections from its address that are open now; ${whichGateways}`,
      samples(({ open }) => open),
    ),
    gauge(
      'zdenergy_gateway_idle_seconds',
      `Since it last connected or sent something; ${whichGateways}`,
      samples(({ idleMs }) => seconds(idleMs)),
    ),
    ...gatewayCounters.map(([name, help, value]) =>
      counter(
        `zdenergy_gateway_${name}`,
        `${help} since the worker was started; ${whichGateways}`,
        samples(value),
      ),
    ),
  ];
}

const seconds = (durationMs: number): number => durationMs / 1_000;
