/**
 * What must hold while the journal's disk is full, for tests that fill it in different ways.
 *
 * What always holds: each function resolves when it does hold, and throws what is wrong when not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { npmRun } from './npm.js';
import type { SteadyGateway } from './steady-gateway.js';
import { eventually, timed } from './wait.js';
import type { Zdenergy } from './zdenergy.js';

/** From the figures. */
const errorWithinMs = 10_000;
const resumesWithinMs = 10_000;
/** For how long nothing may be acknowledged: several attempts to write. */
const standsStillMs = 3_000;
/** Answers to what was durable before may still be on their way when health says error. */
const underWayMs = 500;

/** How long health took to say that the disk is full, with the worker alive. */
export function noticed(zdenergy: Zdenergy): Promise<number> {
  return timed(() =>
    eventually(async () => {
      const { status, reasons, tcp_server } = await zdenergy.health();
      const isTold = /journal cannot be written, so readings are at risk: .*full/.test(
        reasons.join(' '),
      );
      if (status === 'error' && tcp_server.thread_alive && isTold) return;
      throw new Error(`health is ${status}: ${reasons.join(' ')}`);
    }, errorWithinMs),
  );
}

/** Nothing is acknowledged for a while, though more is sent. */
export async function standStill(gateways: readonly SteadyGateway[]): Promise<void> {
  await sleep(underWayMs);
  const before = gateways.map(({ acked, sent }) => ({ acked: acked.size, sent }));
  await sleep(standsStillMs);
  for (const [index, { sensorId, acked, sent }] of gateways.entries()) {
    const more = acked.size - before[index].acked;
    if (more > 0) throw new Error(`${more} readings of ${sensorId} were acknowledged`);
    if (sent === before[index].sent) throw new Error(`${sensorId} has sent nothing`);
  }
}

/** How long it took until more than `acked` readings were acknowledged. */
export function resumed(gateway: SteadyGateway, acked: number): Promise<number> {
  return timed(() =>
    eventually(() => {
      if (gateway.acked.size <= acked) throw new Error('nothing is acknowledged');
    }, resumesWithinMs),
  );
}

/** The operator's tool, which reads every record, finds none torn. */
export async function isWhole(zdenergy: Zdenergy): Promise<void> {
  const { code, output } = await npmRun(zdenergy, 'journal verify');
  if (code !== 0 || output.includes('❌')) throw new Error(output);
}
