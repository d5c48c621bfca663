/**
 * A fleet of gateways on one clock: starts them spread over the interval, and ends them in order.
 *
 * Creating it does nothing; `start` starts it, `finish` may be called more than once and both calls
 * wait for the same end. One timer turns the wheel that all gateways wait on.
 */
import { lookup as lookupHost, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { Counts, type Snapshot } from './counts.js';
import type { Faults } from './faults.js';
import { Gateway, type FleetPlan } from './gateway.js';
import { tickMs, TimerWheel } from './timer-wheel.js';

export interface FleetOptions {
  readonly host: string;
  readonly port: number;
  readonly gateways: number;
  readonly sensorsPerGateway: number;
  readonly intervalMs: number;
  /** Undefined: until `finish` is called. */
  readonly durationMs: number | undefined;
  /** Put `seq` on objects, and expect the server to answer them. */
  readonly ack: boolean;
  readonly connect: 'keep' | 'each';
  readonly tls: TlsOptions | undefined;
  readonly faults: Faults;
  /** A whole number: the same one gives the same sensors, values and faults. */
  readonly seed: number;
}

export interface TlsOptions {
  /** The client's certificate and key (PEM), for a server that asks for one. */
  readonly identity: { readonly cert: string; readonly key: string } | undefined;
}

/** How often the end is looked for once nothing more is measured. */
const settleCheckMs = 20;
/** How long connections may take to close once nothing more is sent. */
const closeMs = 2_000;

export class Fleet {
  readonly counts = new Counts();
  /** Resolves when the duration is over and all that was due in it is measured. */
  readonly over: Promise<void>;
  readonly #options: FleetOptions;
  readonly #startedMs = performance.now();
  readonly #wheel = new TimerWheel(this.#startedMs);
  #gateways: Gateway[] = [];
  #clock: NodeJS.Timeout | undefined;
  #setOver: () => void = () => undefined;
  #finished: Promise<void> | undefined;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.over = new Promise((resolve) => {
      this.#setOver = resolve;
    });
  }

  /**
   * Resolves once the gateways are at work.
   * @throws when the host is unknown or a certificate cannot be read
   */
  async start(): Promise<void> {
    const { gateways, intervalMs, durationMs } = this.#options;
    const plan = await this.#plan();
    // Whole milliseconds throughout: an interval is then never a rounding error too short.
    const nowMs = Math.ceil(performance.now());
    const untilMs = durationMs === undefined ? Infinity : nowMs + durationMs;
    this.#gateways = Array.from(
      { length: gateways },
      (_, index) => new Gateway(index, plan, this.#wheel, this.counts),
    );
    for (const [index, gateway] of this.#gateways.entries()) {
      gateway.start(nowMs + Math.floor((index / gateways) * intervalMs), untilMs);
    }
    if (durationMs !== undefined) this.#wheel.at(untilMs + tickMs, this.#setOver);
    this.#clock = setInterval(() => this.#wheel.advance(performance.now()), tickMs);
  }

  snapshot(): Snapshot {
    const sum = (part: (gateway: Gateway) => number): number =>
      this.#gateways.reduce((total, gateway) => total + part(gateway), 0);
    return {
      gateways: this.#options.gateways,
      connected: sum((gateway) => Number(gateway.isConnected)),
      waiting: sum((gateway) => gateway.waiting),
      unanswered: sum((gateway) => gateway.unanswered),
    };
  }

  /**
   * Measures no more, gives what is on its way some time, and closes all connections.
   * @param graceMs how long readings may still take to be sent and answered
   */
  finish(graceMs: number): Promise<void> {
    this.#finished ??= this.#finish(graceMs);
    return this.#finished;
  }

  async #finish(graceMs: number): Promise<void> {
    for (const gateway of this.#gateways) gateway.stopMeasuring();
    await until(() => {
      const { waiting, unanswered } = this.snapshot();
      return waiting + unanswered === 0;
    }, graceMs);
    for (const gateway of this.#gateways) gateway.stop();
    await until(() => this.#gateways.every(({ isClosed }) => isClosed), closeMs);
    clearInterval(this.#clock);
    for (const gateway of this.#gateways) gateway.destroy();
  }

  async #plan(): Promise<FleetPlan> {
    const { host, port, sensorsPerGateway, intervalMs, tls, faults, seed, ack, connect } =
      this.#options;
    return {
      target: {
        host,
        port,
        lookup: await lookUpOnce(host),
        secureContext: tls && createSecureContext(tls.identity ?? {}),
      },
      sensorsPerGateway,
      intervalMs,
      connect,
      expectAnswers: ack,
      faults,
      wording: {
        seed,
        withSeq: ack,
        withPlace: faults.split > 0,
        withMilliseconds: intervalMs < 1_000,
      },
      timeOfDayOffsetMs: Math.round(Date.now() - performance.now()),
    };
  }
}

/**
 * A lookup that has its answer: thousands of gateways must not ask for the same name thousands of times.
 * @throws when the name is unknown
 */
async function lookUpOnce(host: string): Promise<LookupFunction> {
  const addresses: LookupAddress[] =
    isIP(host) === 0 ? await promisify(lookupHost)(host, { all: true }) : [];
  return (_hostname, options, found) => {
    const [first] = addresses;
    if (options.all === true) found(null, addresses);
    else found(null, first?.address ?? host, first?.family);
  };
}

/** Resolves once the condition holds, or when the time is over. */
async function until(condition: () => boolean, timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!condition() && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, settleCheckMs));
  }
}
