/**
 * Everybody who follows the stream, and what they are sent.
 *
 * What always holds: each event is written once for all who get it; a client that is slow costs
 * bounded memory (stream-client.ts) and holds up nobody; without clients nothing is done; once
 * closed, nobody is let in any more.
 */
import type { ServerResponse } from 'node:http';
import type { StoredReading } from '@zdenergy/storage';
import type { ExportProgress, ExportStep } from './export-progress.js';
import type { HealthBody } from './health.js';
import { ReadingEvents } from './reading-event.js';
import { retryAfter, serverSentEvent } from './server-sent-event.js';
import type { Stats } from './stats.js';
import { StreamClient } from './stream-client.js';

/** From the interface. */
export const maxStreams = 500;
const retryMs = 1_000;
/** Status is told this often, and admissions are looked at again. */
const roundMs = 2_000;
const heartbeatEveryMs = 15_000;
/** Also how often an export's progress is told. */
const tickMs = 500;

export interface StreamStatus {
  readonly health: HealthBody;
  readonly stats: Stats;
}

export interface StreamHubParts {
  /** What a client is told first. */
  readonly about: unknown;
  readonly status: () => StreamStatus;
  readonly exports: ExportProgress;
}

export interface StreamQuestion {
  /** Undefined: all. */
  readonly sensorIds: ReadonlySet<string> | undefined;
  readonly exportId: string | undefined;
}

interface Follower {
  readonly client: StreamClient;
  /** An export's progress that has not been told yet. */
  step: ExportStep | undefined;
  /** Whether it may still follow: sessions end. */
  readonly isAdmitted: () => boolean;
}

export class StreamHub {
  readonly #parts: StreamHubParts;
  readonly #followers = new Set<Follower>();
  #timer: NodeJS.Timeout | undefined;
  #lastRoundAtMs = 0;
  #lastHeartbeatAtMs = 0;
  #toldStatus = '';
  #isClosed = false;

  constructor(parts: StreamHubParts) {
    this.#parts = parts;
  }

  /** False: nobody more is let in. */
  get hasRoom(): boolean {
    return !this.#isClosed && this.#followers.size < maxStreams;
  }

  /** Follows from now on, on a response whose headers are set. */
  open(response: ServerResponse, question: StreamQuestion, isAdmitted: () => boolean): void {
    const client = new StreamClient(response, question.sensorIds);
    const follower: Follower = { client, step: undefined, isAdmitted };
    const unsubscribe = this.#watchExport(follower, question.exportId);
    this.#followers.add(follower);
    response.on('error', () => undefined);
    response.on('close', () => {
      unsubscribe();
      this.#followers.delete(follower);
      if (this.#followers.size === 0) this.#rest();
    });
    response.write(retryAfter(retryMs));
    response.write(serverSentEvent('hello', JSON.stringify(this.#parts.about)));
    client.sendStatus(statusEvent(this.#parts.status()));
    this.#timer ??= setInterval(() => this.#tick(performance.now()), tickMs);
  }

  /** Readings have come in; `missed` more were left out. */
  publish(readings: readonly StoredReading[], missed: number): void {
    const events = new ReadingEvents(readings);
    for (const { client } of this.#followers) {
      if (missed > 0) client.miss(missed);
      client.sendReadings(events);
    }
  }

  /** The state of things may have changed: tells it at once if so. */
  review(): void {
    if (this.#followers.size === 0) return;
    const status = this.#parts.status();
    if (gist(status) !== this.#toldStatus) this.#tellStatus(status);
  }

  /** Ends all streams: browsers come back by themselves. */
  close(): void {
    this.#isClosed = true;
    this.#rest();
    for (const { client } of this.#followers) client.end();
  }

  #tick(nowMs: number): void {
    this.review();
    const isDue = nowMs - this.#lastRoundAtMs >= roundMs;
    const isHeartbeat = nowMs - this.#lastHeartbeatAtMs >= heartbeatEveryMs;
    if (isDue) this.#lastRoundAtMs = nowMs;
    if (isHeartbeat) this.#lastHeartbeatAtMs = nowMs;
    if (isDue) this.#tellStatus(this.#parts.status());
    for (const follower of this.#followers) {
      const { client, isAdmitted } = follower;
      tellStep(follower);
      client.check(nowMs);
      if (isHeartbeat) client.sendHeartbeat();
      if (isDue && !isAdmitted()) client.end();
    }
  }

  #tellStatus(status: StreamStatus): void {
    this.#toldStatus = gist(status);
    const event = statusEvent(status);
    for (const { client } of this.#followers) client.sendStatus(event);
  }

  /** The end of an export is told at once, its steps with the next tick. */
  #watchExport(follower: Follower, exportId: string | undefined): () => void {
    if (exportId === undefined) return () => undefined;
    return this.#parts.exports.subscribe(exportId, (step) => {
      follower.step = step;
      if (step.done || step.error !== null) tellStep(follower);
    });
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** What makes a change that nobody should wait for; how long something lasts is none. */
const gist = ({ health }: StreamStatus): string =>
  JSON.stringify([health.status, health.reasons]).replace(/\d+/g, '');

const statusEvent = (status: StreamStatus): Buffer =>
  serverSentEvent('status', JSON.stringify(status));

function tellStep(follower: Follower): void {
  const { client, step } = follower;
  if (step === undefined) return;
  follower.step = undefined;
  const { exportId, rows, bytes, done, error } = step;
  const json = JSON.stringify({ export_id: exportId, rows, bytes, done, error });
  client.sendExport(serverSentEvent('export', json));
}
