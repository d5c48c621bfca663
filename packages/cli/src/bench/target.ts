/** What is measured: a zdenergy of the benchmark's own, or one that runs already. */
import type { MeasuringSession } from '@zdenergy/storage';
import type { Address } from './generator-protocol.js';
import type { LoadGenerator } from './load-generator.js';
import { clockText, jsonLine, type Plan } from './payload.js';
import type { ProcessWatch } from './processes.js';

/** Time enough for a quiet zdenergy to store one reading, whatever else the machine does. */
const probeLimitMs = 10_000;
const probePollMs = 20;
const quarterHourMs = 900_000;

export interface Target {
  readonly address: Address;
  /** Undefined when it was not told. */
  readonly http: Address | undefined;
  readonly session: MeasuringSession;
  readonly generator: LoadGenerator;
  /** The processes of our own instance; undefined when another's is measured from outside. */
  readonly watch: ProcessWatch | undefined;
  /** What all sensor ids of this run start with. */
  readonly prefix: string;
  /** What is to be added to a time without an offset to get the instant (SENSOR_TIMEZONE). */
  readonly offsetMs: number;
}

/**
 * Sends one reading and finds it in the database.
 * @returns the offset of the server's SENSOR_TIMEZONE: instant minus time as sent.
 * @throws {Error} when it does not arrive there.
 */
export async function probe(target: Omit<Target, 'offsetMs'>, sentTimeMs: number): Promise<number> {
  const plan: Plan = {
    readings: 1,
    sensors: 1,
    prefix: `${target.prefix}probe-`,
    firstTimeMs: sentTimeMs,
    stepMs: 1_000,
  };
  await target.generator.ask('prepare', { plan, connections: 1 });
  await target.generator.ask('flood', target.address);
  const deadline = performance.now() + probeLimitMs;
  for (;;) {
    const storedMs = await target.session.findOnly(`${plan.prefix}00000`);
    // Offsets are whole quarters of an hour; more than a day off is the time of receipt.
    if (storedMs !== undefined) {
      return Math.round((storedMs - sentTimeMs) / quarterHourMs) * quarterHourMs;
    }
    if (performance.now() > deadline) {
      throw new Error(
        `a reading sent to ${target.address.host}:${target.address.port} was not in the database ` +
          `after ${probeLimitMs / 1_000} s: ${jsonLine(plan, 0, clockText(sentTimeMs)).trim()}. ` +
          'Do the address and the database belong to the same zdenergy?',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, probePollMs));
  }
}

/** When a reading's time is, as text for Postgres. */
export const instantText = (target: Target, sentTimeMs: number): string =>
  `${clockText(sentTimeMs + target.offsetMs)}+00`;
