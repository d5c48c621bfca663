/**
 * The readings behind the charts: loaded once, then kept up to date by the stream.
 *
 * What always holds: of two loads only the later one counts; readings that came in lately are not
 * lost by a load, for the database may not have them yet; however often something is missing, it is
 * fetched now and then, and what came late once more when its averages are made; listeners are called
 * at most once an animation frame; when the database is away, what the server still holds in memory is
 * shown.
 */
import { ApiProblem, askApi, describeProblem } from './api.js';
import type { DataAnswer, HistoryAnswer, Reading } from './api-answers.js';
import { addReading, emptySeries, seriesOf, trimBefore, type SensorSeries } from './series.js';
import { serverNowMs } from './server-clock.js';
import { throttled } from './throttle.js';
import { boundsOf, takesReadings, type Bounds, type TimeRange } from './time-range.js';

/** The API's default: two points for each pixel of a usual chart. */
const points = 2_000;
/** So many readings on top, and the history is fetched again, in buckets. */
const maxPoints = 3 * points;
/** Clocks of sensors that run ahead by no more than this still end a moving window. */
const aheadMs = 60_000;
const maxMemoryReadings = 10_000;
/** Readings are in the database by then, or the status says that they wait. */
const recentMs = 60_000;
const maxRecent = 2_000;
/** A stream that is too fast to be followed says so several times a second. */
const refillEveryMs = 10_000;
/** A reading is told a moment before it is in the database. */
const storedWithinMs = 2_000;
/** So soon after a load, what is told and hardly older than the newest was loaded already. */
const overlapMs = 5_000;
/** Averages are made of every 5 minutes in which something was received, soon after their end. */
const summedUpWithinMs = 6 * 60_000;

export interface ChartQuestion {
  readonly sensorIds: readonly string[];
  readonly range: TimeRange;
  readonly zone: string;
}

export class ChartData {
  #question: ChartQuestion | undefined;
  #series = new Map<string, SensorSeries>();
  /** What came in lately, oldest first. */
  #recent: { readonly reading: Reading; readonly atMs: number }[] = [];
  /** When a reading last came late. */
  #lateAtMs = -Infinity;
  /** Runs until the averages must have it. */
  #lateTimer: number | undefined;
  #loadedAtMs = -Infinity;
  #abort: AbortController | undefined;
  #bounds: Bounds | undefined;
  #frame: number | undefined;
  readonly #listeners = new Set<() => void>();
  isLoading = false;
  /** Why the history could not be loaded, in plain words. */
  problem: string | null = null;

  get #all(): readonly SensorSeries[] {
    return [...this.#series.values()];
  }

  /** Of each of the sensors, in their order; empty for one that nothing is known of yet. */
  seriesOf(sensorIds: readonly string[]): readonly SensorSeries[] {
    return sensorIds.map((id) => this.#series.get(id) ?? emptySeries(id, 0));
  }

  /** The span that the charts show now. */
  get bounds(): Bounds {
    const { range, zone } = this.#question ?? { range: null, zone: 'UTC' };
    const nowMs = serverNowMs();
    if (range === null) return { fromMs: nowMs, toMs: nowMs };
    if (range.kind !== 'window') return (this.#bounds ??= boundsOf(range, nowMs, zone));
    const newestMs = 1_000 * Math.max(...this.#all.map(({ time }) => time.at(-1) ?? 0));
    const isAhead = newestMs > nowMs && newestMs - nowMs < aheadMs;
    return boundsOf(range, isAhead ? newestMs : nowMs, zone);
  }

  /** Shows something else from now on; what was shown of the same sensors stays until it is there. */
  show(question: ChartQuestion): void {
    this.#question = question;
    this.#bounds = undefined;
    for (const id of this.#series.keys()) {
      if (!question.sensorIds.includes(id)) this.#series.delete(id);
    }
    void this.#load(question);
  }

  /** Fetches it again, at once. */
  reload(): void {
    if (this.#question !== undefined) void this.#load(this.#question);
  }

  /** Fetches what may be missing, at once or when it is time for it, and makes no stir about it. */
  readonly refill = throttled(() => {
    if (this.#question !== undefined) void this.#load(this.#question, this.isLoading);
  }, refillEveryMs);

  add(readings: readonly Reading[]): void {
    const atMs = performance.now();
    this.#recent = [...this.#recent, ...readings.map((reading) => ({ reading, atMs }))]
      .filter((recent) => atMs - recent.atMs < recentMs)
      .slice(-maxRecent);
    if (this.#append(readings)) this.#noteLate(atMs);
  }

  /** Fetches what came late, soon, and again once it must be in the averages, too. */
  #noteLate(atMs: number): void {
    this.#lateAtMs = atMs;
    this.#lateTimer ??= window.setTimeout(() => this.#refillLate(), summedUpWithinMs);
    window.setTimeout(() => this.refill(), storedWithinMs);
  }

  #refillLate(): void {
    const waitMs = this.#lateAtMs + summedUpWithinMs - performance.now();
    this.#lateTimer = waitMs > 0 ? window.setTimeout(() => this.#refillLate(), waitMs) : undefined;
    if (waitMs <= 0) this.refill();
  }

  /** Calls the listener after every change, until the function that it returns is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async #load(question: ChartQuestion, isShown = true): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.isLoading = isShown;
    this.#changed();
    try {
      const series = await this.#ask(question, abort.signal);
      if (abort.signal.aborted) return;
      this.#series = new Map(
        question.sensorIds.map((id) => [
          id,
          series.find(({ sensorId }) => sensorId === id) ??
            emptySeries(id, series[0]?.bucketSeconds ?? 0),
        ]),
      );
      this.problem = null;
      this.#loadedAtMs = performance.now();
    } catch (error) {
      if (abort.signal.aborted) return;
      this.problem = describeProblem(error);
      await this.#fallBack(question, abort.signal);
      if (abort.signal.aborted) return;
    }
    this.isLoading = false;
    this.#append(this.#recent.map(({ reading }) => reading));
    this.#changed();
  }

  async #ask(
    { sensorIds, range, zone }: ChartQuestion,
    signal: AbortSignal,
  ): Promise<SensorSeries[]> {
    const { fromMs, toMs } = boundsOf(range, serverNowMs(), zone);
    const answer = await askApi<HistoryAnswer>(
      '/api/history',
      {
        sensor_id: sensorIds,
        from: new Date(fromMs).toISOString(),
        // Beyond now, for sensors whose clocks are a little ahead.
        to: new Date(range.kind === 'window' ? toMs + aheadMs : toMs).toISOString(),
        points,
      },
      signal,
    );
    return answer.series.map((series) => seriesOf(series, answer.bucket_seconds));
  }

  /** The readings in the server's memory, when the database cannot be asked. */
  async #fallBack(question: ChartQuestion, signal: AbortSignal): Promise<void> {
    try {
      const { readings } = await askApi<DataAnswer>(
        '/api/data',
        { limit: maxMemoryReadings },
        signal,
      );
      for (const id of question.sensorIds) {
        if (!this.#series.has(id)) this.#series.set(id, emptySeries(id, 0));
      }
      this.#append(readings);
    } catch (error) {
      // The problem that is shown already says what is wrong.
      if (!(error instanceof ApiProblem) && !signal.aborted) throw error;
    }
  }

  /** Returns whether one belongs there that only a load can show. */
  #append(readings: readonly Reading[]): boolean {
    const question = this.#question;
    if (question === undefined || readings.length === 0) return false;
    const { range, zone } = question;
    const isOpen = takesReadings(range, serverNowMs(), zone) || this.problem !== null;
    const { fromMs, toMs } = this.bounds;
    const endMs = isOpen ? toMs + aheadMs : toMs;
    let hasChanged = false;
    let isMissing = false;
    for (const reading of readings) {
      const series = this.#series.get(reading.sensor_id);
      const ms = Date.parse(reading.time);
      if (series === undefined || !(ms >= fromMs && ms <= endMs)) continue;
      const outcome = isOpen ? addReading(series, reading) : 'late';
      hasChanged ||= outcome === 'added';
      isMissing ||= outcome === 'late' && !(isOpen && this.#isLoaded(series, ms));
    }
    if (hasChanged) this.#shown(fromMs);
    return isMissing;
  }

  /** Whether the last load has brought a late reading already, which is told once more then. */
  #isLoaded({ last }: SensorSeries, ms: number): boolean {
    const isFresh = performance.now() - this.#loadedAtMs < storedWithinMs;
    return isFresh && last !== null && 1_000 * last.time - ms < overlapMs;
  }

  /** Readings were added: what is out of sight goes. */
  #shown(fromMs: number): void {
    for (const series of this.#all) trimBefore(series, fromMs / 1_000);
    this.#changed();
    const held = this.#all.reduce((sum, { time }) => sum + time.length, 0);
    if (held > maxPoints && !this.isLoading) this.refill();
  }

  #changed(): void {
    this.#frame ??= window.requestAnimationFrame(() => {
      this.#frame = undefined;
      for (const listener of this.#listeners) listener();
    });
  }
}
