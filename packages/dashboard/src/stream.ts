/**
 * The stream of server-sent events: readings, status, the progress of an export.
 *
 * What always holds: it comes back by itself, however it ended; a connection on which nothing has
 * come for a while is taken for dead, since status comes every 2 s; whenever it begins, what came
 * before is asked for.
 */
import { askApi, apiPath } from './api.js';
import type { About, ExportEvent, ReadingsEvent, StatusEvent } from './api-answers.js';

/** Four times the distance of two status events. */
const silentMs = 8_000;
const [minRetryMs, maxRetryMs] = [1_000, 10_000];
/** A reading is told before it is stored: by then the database has what came just before the stream. */
const settledMs = 2_000;

export interface StreamListener {
  readonly onConnected: (isConnected: boolean) => void;
  /** Readings may have come that the stream has not told. */
  readonly onMissed: () => void;
  readonly onStatus: (event: StatusEvent) => void;
  readonly onReadings: (event: ReadingsEvent) => void;
  readonly onExport: (event: ExportEvent) => void;
}

export interface StreamQuestion {
  /** None: the readings of all sensors. */
  readonly sensorIds: readonly string[];
  readonly exportId: string;
}

/** Follows the stream until the function that it returns is called. */
export function followStream(question: StreamQuestion, listener: StreamListener): () => void {
  const url = apiPath('/api/stream', {
    sensor_id: question.sensorIds,
    export_id: question.exportId,
  });
  let source: EventSource | undefined;
  let retryTimer: number | undefined;
  let silenceTimer: number | undefined;
  let settledTimer: number | undefined;
  let retryMs = minRetryMs;
  let wasAway = false;
  let isStopped = false;

  const disconnect = (): void => {
    source?.close();
    window.clearTimeout(silenceTimer);
    window.clearTimeout(retryTimer);
    window.clearTimeout(settledTimer);
    wasAway = true;
  };
  const lose = (): void => {
    if (isStopped) return;
    disconnect();
    listener.onConnected(false);
    retryTimer = window.setTimeout(connect, retryMs);
    retryMs = Math.min(maxRetryMs, retryMs * 2);
    // An EventSource hides the status code; this finds out whether to log in again.
    askApi<About>('/api/about').catch(() => undefined);
  };
  const live = (): void => {
    window.clearTimeout(silenceTimer);
    silenceTimer = window.setTimeout(lose, silentMs);
  };
  const connect = (): void => {
    source = new EventSource(url);
    source.onerror = lose;
    on(source, 'hello', () => {
      live();
      retryMs = minRetryMs;
      listener.onConnected(true);
      if (wasAway) listener.onMissed();
      wasAway = false;
      settledTimer = window.setTimeout(listener.onMissed, settledMs);
    });
    on(source, 'status', (data) => {
      live();
      listener.onStatus(data as StatusEvent);
    });
    on(source, 'readings', (data) => listener.onReadings(data as ReadingsEvent));
    on(source, 'export', (data) => listener.onExport(data as ExportEvent));
    on(source, 'missed', () => listener.onMissed());
    live();
  };
  connect();

  return () => {
    isStopped = true;
    disconnect();
  };
}

function on(source: EventSource, name: string, handle: (data: unknown) => void): void {
  source.addEventListener(name, (event: MessageEvent<string>) => handle(JSON.parse(event.data)));
}
