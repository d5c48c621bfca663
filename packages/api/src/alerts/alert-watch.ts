/**
 * Watches health and sensors, and tells the channels: the thin layer around the rules, with the clock,
 * the timers, the database and the disk.
 *
 * What always holds: what is to be told is on disk before it is sent, and what was told right after, so
 * that a restart loses nothing and repeats at most what was just on its way; health and HTTP wait for
 * nothing here.
 */
import { describeError, within, type Logger, type Running, type Settings } from '@zdenergy/core';
import type { SensorTable } from '@zdenergy/storage';
import type { ClusterReport } from '../cluster-report.js';
import type { HealthReport, Now } from '../health.js';
import { statusRule } from '../sensor-status.js';
import { messageOf, type Circumstances } from './alert-message.js';
import { newsFor, withTold } from './alert-news.js';
import { afterRestart, forChannels, maxSensors, withClockSet } from './alert-state.js';
import type { AlertState, ChannelName } from './alert-state.js';
import type { Channel } from './channel.js';
import { Delivery, type Pending } from './delivery.js';
import { GatewayWatch } from './gateway-sight.js';
import { noHealthMemory, seeHealth, type HealthMemory } from './health-alerts.js';
import { clockSetMs, earState, hear, noHearingMemory, type HearingMemory } from './hearing.js';
import { noSensorMemory, seeSensors, sensorTimes, type SensorMemory } from './sensor-alerts.js';
import { loadAlertState, StateKeeper } from './state-file.js';

const tickMs = 1_000;
/** As often as the table of sensors is brought up to date. */
const sensorLookMs = 10_000;
/** A look at very many silent sensors leaves the database most of the time for others. */
const restFactor = 5;
/** How long gateways were heard is worth so much after a crash. */
const keepEveryMs = 600_000;
/** At a stop, for a message that is on its way, and then for the disk. */
const stopGraceMs = 1_000;

export interface AlertWatchParts {
  readonly settings: Pick<Settings, 'dataDir' | 'displayTimeZone' | 'alertRepeatMs'>;
  /** The name of this machine. */
  readonly host: string;
  readonly channels: readonly Channel[];
  readonly health: () => HealthReport;
  readonly cluster: () => ClusterReport | null;
  readonly sensors: Pick<SensorTable, 'list'>;
  readonly logger: Logger;
  /** Other than usual in tests, which cannot wait for minutes. */
  readonly times?: typeof usualTimes;
}

const usualTimes = { ...sensorTimes, sensorLookMs };

/** Starts at once, and reads what was told before in the background. */
export function watchAlerts(parts: AlertWatchParts): Running {
  let watch: AlertWatch | undefined;
  let stopped = false;
  const loading = loadAlertState(parts.settings.dataDir, parts.logger).then((state) => {
    if (!stopped) watch = new AlertWatch(parts, state);
  });
  return {
    async stop() {
      stopped = true;
      await within(loading, stopGraceMs);
      await watch?.stop();
    },
  };
}

class AlertWatch {
  readonly #parts: AlertWatchParts;
  readonly #times: typeof usualTimes;
  readonly #keeper: StateKeeper;
  readonly #deliveries: readonly Delivery[];
  readonly #gateways: GatewayWatch;
  readonly #ticking: NodeJS.Timeout;
  #looking: NodeJS.Timeout | undefined;
  #state: AlertState;
  #health: HealthMemory = noHealthMemory;
  #sensors: SensorMemory = noSensorMemory;
  #hearing: HearingMemory = noHearingMemory;
  #keptAtMs = performance.now();
  #stopped = false;

  constructor(parts: AlertWatchParts, kept: AlertState) {
    const { channels, settings, logger } = parts;
    this.#parts = parts;
    this.#times = parts.times ?? usualTimes;
    const state = afterRestart(kept, Date.now(), settings.alertRepeatMs);
    this.#state = forChannels(
      state,
      channels.map(({ name }) => name),
    );
    this.#gateways = new GatewayWatch(performance.now());
    this.#deliveries = channels.map((channel) => this.#delivery(channel));
    this.#keeper = new StateKeeper(settings.dataDir, logger, () => this.#deliver());
    this.#ticking = setInterval(() => this.#tick(), tickMs);
    void this.#look();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#ticking);
    clearTimeout(this.#looking);
    await Promise.all(this.#deliveries.map((delivery) => delivery.stop(stopGraceMs)));
    this.#keep(this.#state);
    await within(this.#keeper.flush(), stopGraceMs);
  }

  #delivery(channel: Channel): Delivery {
    return new Delivery({
      channel,
      logger: this.#parts.logger,
      next: () => this.#next(channel.name),
      delivered: (news) => {
        const { alertRepeatMs } = this.#parts.settings;
        this.#keep(withTold(this.#state, channel.name, news, Date.now(), alertRepeatMs));
      },
    });
  }

  #next(name: ChannelName): Pending | undefined {
    if (!this.#keeper.isSettled) return undefined;
    const news = newsFor(this.#state, this.#health, name, Date.now());
    return news && { news, message: messageOf(news, this.#circumstances()) };
  }

  #circumstances(): Circumstances {
    const { settings, host, cluster } = this.#parts;
    return {
      installation: this.#state.installation,
      host,
      displayTimeZone: settings.displayTimeZone,
      repeatMs: settings.alertRepeatMs,
      nowMs: Date.now(),
      gateways: this.#gateways.sight(cluster(), performance.now()),
    };
  }

  #tick(): void {
    const now: Now = { monotonicMs: performance.now(), wallMs: Date.now() };
    const cluster = this.#parts.cluster();
    const { body, faults } = this.#parts.health();
    const uptimeMs =
      cluster === null ? null : cluster.state.uptimeMs + now.monotonicMs - cluster.receivedAtMs;
    const setByMs = clockSetMs(this.#hearing.lastLook, now);
    const before = setByMs === 0 ? this.#state : withClockSet(this.#state, setByMs);
    const ear = earState(cluster, now.monotonicMs);
    const heard = hear(before.sensors.heard, ear, this.#hearing, now);
    const sight = { status: body.status, faults, uptimeMs };
    const { health, memory } = seeHealth(before.health, this.#health, sight, now);
    this.#gateways.see(cluster, now.monotonicMs);
    this.#health = memory;
    this.#hearing = { lastLook: now, hasHeard: this.#hearing.hasHeard || ear.isHearing };
    const next = { ...before, health, sensors: { ...before.sensors, heard } };
    // What changes with every second is not worth a write by itself.
    const isNews = setByMs !== 0 || health !== before.health;
    if (isNews || now.monotonicMs - this.#keptAtMs > keepEveryMs) this.#keep(next);
    else this.#state = next;
    this.#deliver();
  }

  #keep(state: AlertState): void {
    this.#state = state;
    this.#keptAtMs = performance.now();
    this.#keeper.keep(state);
  }

  #deliver(): void {
    for (const delivery of this.#deliveries) delivery.poke();
  }

  /** Looks at the sensors, and then again and again. */
  async #look(): Promise<void> {
    const startedAtMs = performance.now();
    try {
      await this.#seeSensors();
    } catch (error) {
      // Health says it, if the database is away.
      this.#parts.logger.debug(`Silent sensors could not be looked for: ${describeError(error)}`);
    }
    const tookMs = performance.now() - startedAtMs;
    const waitMs = Math.max(this.#times.sensorLookMs, tookMs * restFactor);
    if (!this.#stopped) this.#looking = setTimeout(() => void this.#look(), waitMs);
  }

  async #seeSensors(): Promise<void> {
    const { sensors: table, cluster } = this.#parts;
    if (!earState(cluster(), performance.now()).isHearing) return;
    const question = {
      after: '',
      limit: maxSensors,
      search: '',
      rule: statusRule,
      nowMs: Date.now(),
    };
    const page = await table.list({ ...question, sensorIds: undefined, status: 'silent' });
    if (page.completeUntilMs === null) return;
    const silent = new Set(page.sensors.map(({ sensorId }) => sensorId));
    const known = this.#state.sensors.silent.map(({ sensorId }) => sensorId);
    const sensorIds = known.filter((sensorId) => !silent.has(sensorId));
    const others =
      sensorIds.length === 0
        ? []
        : (await table.list({ ...question, sensorIds, status: undefined })).sensors;
    if (this.#stopped) return;
    const sight = { completeUntilMs: page.completeUntilMs, silent: page.sensors, others };
    const now = { monotonicMs: performance.now(), wallMs: Date.now() };
    const before = this.#state.sensors;
    const seen = seeSensors(before, this.#sensors, sight, now, this.#times);
    this.#sensors = seen.memory;
    if (seen.sensors === before) return;
    this.#keep({ ...this.#state, sensors: seen.sensors });
    this.#deliver();
  }
}
