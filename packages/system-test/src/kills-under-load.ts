/**
 * The TCP worker is killed again and again at random moments, while gateways send.
 *
 * What always holds: a kill comes only once the worker serves and readings come in; chance can be
 * repeated by its seed. Deaths at boot are another fault, which the supervisor answers with patience.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Releases } from '@zdenergy/core';
import type { Sender } from './account.js';
import { seededRandom } from './random.js';
import { SteadyGateway } from './steady-gateway.js';
import { deliver, visit } from './visitors.js';
import { eventually } from './wait.js';
import type { Zdenergy } from './zdenergy.js';

const gatewayCount = 4;
const readingsPerSecond = 2_000;
/** The moment of a kill is anywhere in this time after the worker serves again. */
const spreadMs = 500;

export interface Kills {
  readonly gateways: readonly SteadyGateway[];
  /** Everybody who has sent something. */
  readonly senders: readonly Sender[];
  /** Of each kill: how long until a fresh connection was accepted and its reading acknowledged. */
  readonly servedAgainMs: readonly number[];
}

/** Resolves once all that was sent is acknowledged. @throws when somebody is refused. */
export async function killUnderLoad(
  zdenergy: Zdenergy,
  { count, seed }: { readonly count: number; readonly seed: number },
  releases: Releases,
): Promise<Kills> {
  const gateways = Array.from({ length: gatewayCount }, (_, n) =>
    new SteadyGateway(zdenergy.ports.tcp, `gateway-${n}`, readingsPerSecond / gatewayCount).start(),
  );
  for (const gateway of gateways) releases.push(() => gateway.destroy());
  const ackedByNow = (): number => gateways.reduce((sum, { acked }) => sum + acked.size, 0);

  const random = seededRandom(seed);
  const fresh = { sensorId: 'fresh', sent: 0, acked: new Set<number>() };
  const servedAgainMs: number[] = [];
  let pid = 0;
  for (; fresh.sent < count; fresh.sent += 1) {
    const ackedBefore = ackedByNow();
    pid = await eventually(async () => {
      const now = await zdenergy.pidOf('ingest-1');
      if (now === pid) throw new Error(`process ${pid} was killed, and is still there`);
      if (ackedByNow() === ackedBefore) throw new Error('no readings come in');
      return now;
    });
    await sleep(random() * spreadMs);
    process.kill(pid, 'SIGKILL');
    const { tookMs } = await visit(() => deliver(zdenergy.ports.tcp, fresh.sensorId, fresh.sent));
    fresh.acked.add(fresh.sent);
    servedAgainMs.push(tookMs);
  }
  for (const gateway of gateways) await gateway.finish();
  return { gateways, senders: [...gateways, fresh], servedAgainMs };
}
