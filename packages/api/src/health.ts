/**
 * The health report: what `/api/health` says, worked out from what is in memory.
 *
 * A plain function over values. What always holds: the fields stand in a fixed order, the first
 * five as monitors of the older server expect them; ages come from the monotonic clock and only the
 * times shown come from the wall clock; the status code is 200 for `ok` and 503 for all else.
 */
import { withoutPasswords } from '@zdenergy/core';
import type { WorkerState } from '@zdenergy/core';
import {
  ingestWorkers,
  isServing,
  pendingMs,
  uptimeSeconds,
  type ClusterReport,
} from './cluster-report.js';
import { findFaults, type Fault } from './faults.js';

/** What the API's own probe last found; `connected` is null before its first answer. */
export interface DatabaseState {
  readonly connected: boolean | null;
  /** Why not, in plain words. */
  readonly problem: string | null;
}

export interface HealthInput {
  /** Null until the supervisor has reported for the first time. */
  readonly cluster: ClusterReport | null;
  readonly database: DatabaseState;
  readonly memoryReadings: number;
  readonly staleAfterMs: number;
  readonly version: string;
  /** Of which commit this build is; absent where it was not noted. */
  readonly commit?: string;
}

/** The same moment on both clocks, in milliseconds. */
export interface Now {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export type HealthStatus = 'ok' | 'warning' | 'error';

export interface HealthBody {
  readonly status: HealthStatus;
  readonly tcp_server: {
    /** A TCP worker has been ready since zdenergy started. */
    readonly started: boolean;
    /** All TCP workers serve and give signs of life. */
    readonly thread_alive: boolean;
    readonly last_activity: string | null;
    readonly seconds_since_activity: number | null;
  };
  readonly database: { readonly connected: boolean };
  readonly memory_readings_count: number;
  readonly timestamp: string;
  readonly reasons: readonly string[];
  readonly journal: JournalReport | null;
  readonly workers: readonly WorkerReport[];
  readonly uptime_seconds: number | null;
  readonly version: string;
  /** Of which commit the answering process is, where scripts/deploy.sh has built it. */
  readonly commit?: string;
  /** Since when `status` is what it is, to the second; added by whoever keeps that in mind. */
  readonly status_since?: string;
}

/** All journals together; null in the body until a TCP worker has reported. */
interface JournalReport {
  readonly writable: boolean;
  readonly bytes: number;
  readonly pending_readings: number;
  readonly oldest_pending_seconds: number;
  readonly disk_free_bytes: number;
  readonly disk_total_bytes: number;
}

interface WorkerReport {
  readonly name: string;
  readonly status: WorkerState['status'];
  readonly restarts: number;
  readonly uptime_seconds: number;
}

export interface HealthReport {
  readonly statusCode: 200 | 503;
  /** What is wrong, the worst first, as `reasons` in the body has it. */
  readonly faults: readonly Fault[];
  readonly body: HealthBody;
}

export function healthReport(input: HealthInput, now: Now): HealthReport {
  const { cluster } = input;
  const ageMs = cluster === null ? 0 : now.monotonicMs - cluster.receivedAtMs;
  const state = cluster?.state;
  const tcpWorkers = ingestWorkers(state);
  const activityAtMs = cluster?.activityAtMs ?? null;
  const idleMs = activityAtMs === null ? null : now.monotonicMs - activityAtMs;
  const databaseProblem = findDatabaseProblem(input.database, tcpWorkers);
  const { errors, warnings } = findFaults({
    state: state ?? null,
    ageMs,
    idleMs,
    databaseProblem,
    staleAfterMs: input.staleAfterMs,
  });
  const faults = [...errors, ...warnings].map(({ kind, sentence }) => ({
    kind,
    sentence: withoutPasswords(sentence),
  }));
  const status = errors.length > 0 ? 'error' : warnings.length > 0 ? 'warning' : 'ok';
  return {
    statusCode: status === 'ok' ? 200 : 503,
    faults,
    body: {
      status,
      tcp_server: {
        started: tcpWorkers.some(({ ingest }) => ingest !== null),
        thread_alive:
          tcpWorkers.length > 0 && tcpWorkers.every((worker) => isServing(worker, ageMs)),
        last_activity: idleMs === null ? null : timestamp(now.wallMs - idleMs),
        seconds_since_activity: idleMs === null ? null : seconds(idleMs),
      },
      database: { connected: databaseProblem === null },
      memory_readings_count: input.memoryReadings,
      timestamp: timestamp(now.wallMs),
      reasons: faults.map(({ sentence }) => sentence),
      journal: journalReport(tcpWorkers, ageMs),
      workers: (state?.workers ?? []).map((worker) => ({
        name: worker.name,
        status: worker.status,
        restarts: worker.restarts,
        uptime_seconds: uptimeSeconds(worker, ageMs),
      })),
      uptime_seconds: state === undefined ? null : seconds(state.uptimeMs + ageMs),
      version: input.version,
      ...(input.commit !== undefined && { commit: input.commit }),
    },
  };
}

/** Why the database counts as away: our own probe's reason, else a TCP worker's; null when it is there. */
function findDatabaseProblem(
  probe: DatabaseState,
  tcpWorkers: readonly WorkerState[],
): string | null {
  if (probe.connected === false) return probe.problem ?? 'Postgres does not answer.';
  // Only a worker that serves now is believed: what others said last may be long out of date.
  const serving = tcpWorkers.filter(({ status }) => status === 'ready');
  const said = serving.flatMap(({ ingest }) => (ingest === null ? [] : [ingest.database]));
  const away = said.find(({ problem }) => problem !== null);
  if (away !== undefined) return away.problem;
  const isKnown = probe.connected === true || said.some(({ connected }) => connected);
  return isKnown ? null : 'Postgres has not answered yet.';
}

function journalReport(tcpWorkers: readonly WorkerState[], ageMs: number): JournalReport | null {
  const reported = tcpWorkers.flatMap((worker) =>
    worker.ingest === null ? [] : [{ worker, ...worker.ingest }],
  );
  const fullest = reported
    .map(({ journal }) => journal)
    .reduce<FullDisk | undefined>((worst, disk) => (fuller(disk, worst) ? disk : worst), undefined);
  if (fullest === undefined) return null;
  return {
    writable: reported.every(({ journal }) => journal.problem === null),
    bytes: sum(reported.map(({ journal }) => journal.bytes)),
    pending_readings: sum(reported.map(({ ledger }) => ledger.pending)),
    oldest_pending_seconds: seconds(
      Math.max(...reported.map(({ worker }) => pendingMs(worker, ageMs))),
    ),
    disk_free_bytes: fullest.diskFreeBytes,
    disk_total_bytes: fullest.diskTotalBytes,
  };
}

interface FullDisk {
  readonly diskFreeBytes: number;
  readonly diskTotalBytes: number;
}

const fuller = (disk: FullDisk, other: FullDisk | undefined): boolean =>
  other === undefined ||
  disk.diskFreeBytes * other.diskTotalBytes < other.diskFreeBytes * disk.diskTotalBytes;

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0);

const seconds = (durationMs: number): number => Math.floor(durationMs / 1_000);

/** `2025-01-21T12:34:56Z`: to the second, as the older server wrote it. */
export const timestamp = (wallMs: number): string =>
  `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
