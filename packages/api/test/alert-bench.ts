/**
 * The rules of alerts with a clock, a disk and channels that a test moves by hand: what the thin layer
 * around them does, in the same order, a second at a time.
 */
import { newsFor, newsId, withTold, type News } from '../src/alerts/alert-news.js';
import {
  afterRestart,
  emptyState,
  forChannels,
  parseAlertState,
  withClockSet,
  type AlertState,
  type ChannelName,
} from '../src/alerts/alert-state.js';
import {
  noHealthMemory,
  seeHealth,
  type HealthMemory,
  type HealthSight,
} from '../src/alerts/health-alerts.js';
import { clockSetMs, hear, noHearingMemory } from '../src/alerts/hearing.js';
import {
  noSensorMemory,
  seeSensors,
  type SensorMemory,
  type SensorView,
} from '../src/alerts/sensor-alerts.js';
import type { Fault, FaultKind } from '../src/faults.js';
import type { HealthStatus, Now } from '../src/health.js';
import { sensorStatus } from '../src/sensor-status.js';

export const repeatMs = 4 * 3_600_000;
const second = 1_000;
const lookEveryMs = 10 * second;
const keepEveryMs = 600 * second;

const fault = (kind: FaultKind): Fault => ({ kind, sentence: `${kind} is bad.` });

/** Health with faults of these kinds, long after the start. */
export const sight = (status: HealthStatus, ...kinds: FaultKind[]): HealthSight => ({
  status,
  faults: kinds.map(fault),
  uptimeMs: 3_600_000,
});
export const good = sight('ok');

export interface Told {
  readonly channel: ChannelName;
  readonly id: string;
  readonly news: News;
  readonly atMs: number;
}

export class Bench {
  /** Everything that arrived, repeats included. */
  readonly told: Told[] = [];
  readonly down = new Set<ChannelName>();
  /** As many receipts as this are not noted any more before the process dies. */
  unnoted = 0;
  isHearing = true;
  /** What the table of sensors holds; null: the database is away. */
  sensors: Map<string, SensorView> | null = new Map();
  now: Now = { monotonicMs: 50_000, wallMs: Date.parse('2025-10-02T12:00:00Z') };
  #names: readonly ChannelName[];
  #state: AlertState;
  #disk: string;
  #health: HealthMemory = noHealthMemory;
  #sensorMemory: SensorMemory = noSensorMemory;
  #hearing = noHearingMemory;
  #startedAtMs = 0;
  #nextLookMs = 0;
  #keptAtMs = 0;

  constructor(names: readonly ChannelName[] = ['slack']) {
    this.#names = names;
    this.#state = forChannels(emptyState('it'), names);
    this.#disk = JSON.stringify(this.#state);
  }

  get state(): AlertState {
    return this.#state;
  }

  /** What a channel was told, without repeats: events with the number of the incident or group. */
  events(channel: ChannelName = 'slack'): string[] {
    const own = this.told.filter((one) => one.channel === channel);
    return own.filter(({ id }, n) => own.findIndex((one) => one.id === id) === n).map(inShort);
  }

  /** Lets so many seconds pass while health is so. */
  pass(seconds: number, health: HealthSight = good): this {
    for (let n = 0; n < seconds; n += 1) {
      this.now = {
        monotonicMs: this.now.monotonicMs + second,
        wallMs: this.now.wallMs + second,
      };
      this.#tick(health);
    }
    return this;
  }

  /** The process is killed, and is there again after a while, with what the disk holds. */
  restart(awaySeconds = 1, workersToo = false): this {
    this.now = {
      monotonicMs: this.now.monotonicMs + awaySeconds * second,
      wallMs: this.now.wallMs + awaySeconds * second,
    };
    this.#health = noHealthMemory;
    this.#sensorMemory = noSensorMemory;
    this.#hearing = noHearingMemory;
    this.unnoted = 0;
    this.#nextLookMs = 0;
    if (workersToo) this.#startedAtMs = this.now.monotonicMs;
    const kept = parseAlertState(JSON.parse(this.#disk));
    this.#state = forChannels(afterRestart(kept, this.now.wallMs, repeatMs), this.#names);
    return this;
  }

  /** The settings name other channels from now on. */
  useChannels(names: readonly ChannelName[]): this {
    this.#names = names;
    return this.restart();
  }

  setClock(bySeconds: number): this {
    this.now = { ...this.now, wallMs: this.now.wallMs + bySeconds * second };
    return this;
  }

  /** Readings of these sensors come in now. */
  report(ids: readonly string[], intervalSeconds: number | null = 60): this {
    for (const sensorId of ids) {
      this.sensors?.set(sensorId, { sensorId, receivedAtMs: this.now.wallMs, intervalSeconds });
    }
    return this;
  }

  #tick(health: HealthSight): void {
    const setByMs = clockSetMs(this.#hearing.lastLook, this.now);
    const before = setByMs === 0 ? this.#state : withClockSet(this.#state, setByMs);
    const ear = {
      isHearing: this.isHearing,
      upMs: this.now.monotonicMs - this.#startedAtMs,
    };
    const heard = hear(before.sensors.heard, ear, this.#hearing, this.now);
    const seen = seeHealth(before.health, this.#health, health, this.now);
    this.#health = seen.memory;
    const hasHeard = this.#hearing.hasHeard || this.isHearing;
    this.#hearing = { lastLook: this.now, hasHeard };
    this.#state = { ...before, health: seen.health, sensors: { ...before.sensors, heard } };
    const isKept = this.now.monotonicMs - this.#keptAtMs <= keepEveryMs;
    if (setByMs !== 0 || seen.health !== before.health || !isKept) this.#keep();
    if (this.now.monotonicMs >= this.#nextLookMs) this.#look();
    for (const name of this.#names) this.#deliver(name);
  }

  #look(): void {
    this.#nextLookMs = this.now.monotonicMs + lookEveryMs;
    if (this.sensors === null || !this.isHearing) return;
    const completeUntilMs = this.now.wallMs - 5 * second;
    const all = [...this.sensors.values()];
    const isSilent = ({ receivedAtMs, intervalSeconds }: SensorView): boolean =>
      sensorStatus((completeUntilMs - receivedAtMs) / second, intervalSeconds) === 'silent';
    const known = new Set(this.#state.sensors.silent.map(({ sensorId }) => sensorId));
    const others = all.filter((one) => known.has(one.sensorId) && !isSilent(one));
    const sensorSight = { completeUntilMs, silent: all.filter(isSilent), others };
    const before = this.#state.sensors;
    const seen = seeSensors(before, this.#sensorMemory, sensorSight, this.now);
    this.#sensorMemory = seen.memory;
    if (seen.sensors === before) return;
    this.#state = { ...this.#state, sensors: seen.sensors };
    this.#keep();
  }

  #deliver(channel: ChannelName): void {
    if (this.down.has(channel)) return;
    for (;;) {
      const news = newsFor(this.#state, this.#health, channel, this.now.wallMs);
      if (news === undefined) return;
      const id = newsId(this.#state.installation, news);
      this.told.push({ channel, id, news, atMs: this.now.monotonicMs });
      this.#state = withTold(this.#state, channel, news, this.now.wallMs, repeatMs);
      if (this.unnoted > 0) this.unnoted -= 1;
      else this.#keep();
    }
  }

  #keep(): void {
    this.#keptAtMs = this.now.monotonicMs;
    this.#disk = JSON.stringify(this.#state);
  }
}

/** Such as `bad 1: tcp` or `sensors_silent a,b`. */
function inShort({ news }: Told): string {
  if ('incident' in news) {
    const kinds = news.incident.faults.map(({ kind }) => kind).join('+');
    return `${news.event} ${news.incident.number}: ${kinds}`;
  }
  return `${news.event} ${news.sensors.map(({ sensorId }) => sensorId).join(',')}`;
}
