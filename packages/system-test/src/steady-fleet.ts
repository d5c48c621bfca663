/**
 * Thousands of steady gateways in a process of their own, so that they have its descriptors to
 * themselves and do not disturb what the test measures.
 *
 * What always holds: it ends with the test; what it says was acknowledged is listed reading by reading.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Releases } from '@zdenergy/core';
import type { Sender } from './account.js';
import { Program } from './program.js';
import { eventually } from './wait.js';

const program = fileURLToPath(new URL('../dist/steady-fleet-process.js', import.meta.url));

export interface FleetCounts {
  readonly connected: number;
  readonly connections: number;
  /** Connections that the system refused. */
  readonly refused: number;
  readonly sent: number;
  readonly acknowledged: number;
  /** Answers other than an acknowledgement. */
  readonly surprises: number;
  /** The longest time from sending a reading to its acknowledgement. */
  readonly slowestAckMs: number;
}

/** A sender as it stands in the file. */
export interface ListedSender extends Omit<Sender, 'acked'> {
  readonly acked: readonly number[];
}

export interface FleetOptions {
  readonly gateways: number;
  /** Of all of them together. */
  readonly readingsPerSecond: number;
}

export class SteadyFleet {
  readonly #program: Program;
  readonly #file: string;

  private constructor(running: Program, file: string) {
    this.#program = running;
    this.#file = file;
  }

  /** Resolves once all of them are connected; the server must answer: TCP_ACK=on. */
  static async start(
    port: number,
    { gateways, readingsPerSecond }: FleetOptions,
    releases: Releases,
  ): Promise<SteadyFleet> {
    const directory = await mkdtemp(join(tmpdir(), 'zdenergy-fleet-'));
    releases.push(() => rm(directory, { recursive: true, force: true }));
    const file = join(directory, 'senders.json');
    const args = [program, ...[port, gateways, readingsPerSecond].map(String), file];
    const running = new Program(process.execPath, args, { cwd: directory, env: {} });
    releases.push(async () => {
      running.signal('SIGKILL');
      await running.exited;
    });
    const fleet = new SteadyFleet(running, file);
    await fleet.whenConnected(gateways);
    return fleet;
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** How they stood half a second ago at the most. @throws with its output when that is no report. */
  get counts(): FleetCounts {
    const whole = this.#program.output.slice(0, this.#program.output.lastIndexOf('\n'));
    const line = whole.slice(whole.lastIndexOf('\n') + 1);
    try {
      return JSON.parse(line) as FleetCounts;
    } catch {
      throw new Error(`the fleet says: ${this.#program.output.slice(-1_000)}`);
    }
  }

  /** Resolves once so many are connected. @throws with how many are. */
  async whenConnected(gateways: number, withinMs?: number): Promise<void> {
    await eventually(() => {
      const { connected } = this.counts;
      if (connected !== gateways) throw new Error(`${connected} gateways are connected`);
    }, withinMs);
  }

  /** Sends nothing new any more; resolves once all is acknowledged, with who has sent what. */
  async finish(): Promise<Sender[]> {
    this.#program.signal('SIGTERM');
    const { code } = await this.#program.finished;
    if (code !== 0) throw new Error(`the fleet failed: ${this.#program.output.slice(-1_000)}`);
    const listed = JSON.parse(await readFile(this.#file, 'utf8')) as ListedSender[];
    return listed.map((sender) => ({ ...sender, acked: new Set(sender.acked) }));
  }
}
