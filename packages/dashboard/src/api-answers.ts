/**
 * What the API answers, as far as the page uses it. Times are ISO 8601 in UTC.
 *
 * What always holds: null stands for what was not measured or is not known (yet).
 */
import type { MeasurementKey } from './measurements.js';

export interface About {
  readonly version: string;
  readonly display_timezone: string;
  /** A password is set, so that one can log out. */
  readonly login: boolean;
  /** Where gateways send to. */
  readonly tcp_port: number;
}

export interface Reading extends Readonly<Record<MeasurementKey, number | null>> {
  readonly sensor_id: string;
  readonly time: string;
  /** Only on the stream. */
  readonly received_at?: string;
}

export interface DataAnswer {
  readonly readings: readonly Reading[];
}

type Column = readonly (number | null)[];

/** Columns of equal length; lowest and highest values only where points are buckets. */
export interface HistorySeries
  extends
    Readonly<Record<MeasurementKey, Column>>,
    Readonly<Partial<Record<`${MeasurementKey}_min` | `${MeasurementKey}_max`, Column>>> {
  readonly sensor_id: string;
  readonly count: number;
  /** Epoch seconds. */
  readonly time: readonly number[];
  /** How many readings each bucket has; only where points are buckets. */
  readonly readings?: readonly number[];
  /** The newest reading itself. */
  readonly last: LastReading | null;
}

export interface LastReading extends Readonly<Record<MeasurementKey, number | null>> {
  /** Epoch seconds. */
  readonly time: number;
}

export interface HistoryAnswer {
  /** 0: the points are the readings themselves. */
  readonly bucket_seconds: number;
  readonly series: readonly HistorySeries[];
}

export type SensorStatus = 'online' | 'late' | 'silent';

export interface Sensor {
  readonly sensor_id: string;
  readonly last_reading: Omit<Reading, 'sensor_id' | 'received_at'>;
  readonly received_at: string;
  readonly clock_hint: string | null;
  readonly interval_seconds: number | null;
  readonly status: SensorStatus;
  readonly seconds_since: number;
}

export interface SensorsAnswer {
  readonly sensors: readonly Sensor[];
  /** Where to go on; null at the end. */
  readonly next: string | null;
  readonly counts: Readonly<Record<SensorStatus, number>>;
}

export interface EstimateAnswer {
  readonly rows: number;
  readonly bytes: number;
  readonly filename: string;
}

export type HealthStatus = 'ok' | 'warning' | 'error';

export interface Health {
  readonly status: HealthStatus;
  readonly status_since?: string;
  readonly tcp_server: { readonly seconds_since_activity: number | null };
  readonly database: { readonly connected: boolean };
  readonly timestamp: string;
  readonly reasons: readonly string[];
  readonly journal: {
    readonly writable: boolean;
    readonly bytes: number;
    readonly pending_readings: number;
    readonly oldest_pending_seconds: number;
    readonly disk_free_bytes: number;
    readonly disk_total_bytes: number;
  } | null;
  readonly workers: readonly {
    readonly name: string;
    readonly status: 'starting' | 'ready' | 'hung' | 'restarting' | 'stopping';
    readonly restarts: number;
    readonly uptime_seconds: number;
  }[];
  readonly uptime_seconds: number | null;
  readonly version: string;
}

export interface Gateway {
  readonly address: string;
  readonly open: number;
  readonly opened: number;
  readonly last_seen_seconds: number;
  readonly bytes: number;
  readonly readings: number;
  readonly rejected: number;
}

export interface TcpStats {
  readonly open: number;
  readonly opened: number;
  readonly closed: number;
  readonly refused: number;
  readonly timed_out: number;
  readonly bytes_received: number;
  readonly readings: number;
  readonly rejected: number;
  readonly times_replaced: number;
  /** The last 24 hours, oldest first; the last number is of the current hour. */
  readonly per_hour: { readonly opened: readonly number[]; readonly closed: readonly number[] };
  readonly gateways: readonly Gateway[];
  readonly gateways_total: number;
}

export interface Ledger {
  readonly received: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly pending: number;
}

export interface StatusEvent {
  readonly health: Health;
  readonly stats: { readonly tcp: TcpStats | null; readonly ledger: Ledger | null };
}

export interface ReadingsEvent {
  readonly readings: readonly Reading[];
}

export interface ExportEvent {
  readonly export_id: string;
  readonly rows: number;
  readonly bytes: number;
  readonly done: boolean;
  readonly error: string | null;
}
