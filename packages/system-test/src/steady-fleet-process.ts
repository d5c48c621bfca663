/**
 * The process of a steady fleet: thousands of gateways on one clock, that lose nothing.
 *
 *     node steady-fleet-process.js PORT GATEWAYS READINGS_PER_SECOND FILE
 *
 * Gateways send in turn, and all together at the given rate. What always holds: a line of output
 * says twice a second how they stand; after SIGTERM nothing new is sent, and once all that was sent
 * is acknowledged, FILE tells of each gateway which readings those are, and the process ends.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { SteadyGateway } from './steady-gateway.js';
import type { FleetCounts, ListedSender } from './steady-fleet.js';

const tickMs = 10;
const reportMs = 500;
/** Gateways come on line one after the other, so many in a tick. */
const connectsAtOnce = 50;

const [port, gatewayCount, perSecond] = process.argv.slice(2, 5).map(Number);
const file = process.argv[5];

const gateways = Array.from(
  { length: gatewayCount },
  (_, n) => new SteadyGateway(port, `gateway-${n}`),
);

async function main(): Promise<void> {
  const reporting = setInterval(report, reportMs);
  for (const [n, gateway] of gateways.entries()) {
    gateway.connect();
    if (n % connectsAtOnce === 0) await sleep(tickMs);
  }
  await sendUntil(new Promise((resolve) => process.once('SIGTERM', resolve)));
  await Promise.all(gateways.map((gateway) => gateway.finish(Infinity)));
  clearInterval(reporting);
  const senders: ListedSender[] = gateways.map(({ sensorId, sent, acked }) => ({
    sensorId,
    sent,
    acked: [...acked],
  }));
  await writeFile(file, JSON.stringify(senders));
  report();
}

/** Sends at the rate, the gateways in turn, until the end. */
async function sendUntil(end: Promise<unknown>): Promise<void> {
  const startedAtMs = performance.now();
  let sent = 0;
  const sending = setInterval(() => {
    const due = ((performance.now() - startedAtMs) / 1_000) * perSecond;
    for (; sent < due; sent += 1) gateways[sent % gatewayCount].send(1);
  }, tickMs);
  await end;
  clearInterval(sending);
}

function report(): void {
  const total = (count: (gateway: SteadyGateway) => number): number =>
    gateways.reduce((sum, gateway) => sum + count(gateway), 0);
  const counts: FleetCounts = {
    connected: total(({ isConnected }) => Number(isConnected)),
    connections: total(({ connections }) => connections),
    refused: total(({ refused }) => refused),
    sent: total(({ sent }) => sent),
    acknowledged: total(({ acked }) => acked.size),
    surprises: total(({ surprises }) => surprises.length),
    slowestAckMs: Math.max(...gateways.map(({ slowestAckMs }) => slowestAckMs)),
  };
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}

await main();
