/** Reports of the supervisor for tests: everything is well unless a test says otherwise. */
import type {
  ClusterState,
  ConnectionsPerHour,
  IngestSnapshot,
  ProcessState,
  RejectCounts,
  WorkerState,
} from '@zdenergy/core';

export const rejectCounts = (changes: Partial<RejectCounts> = {}): RejectCounts => ({
  not_json: 0,
  cut_off: 0,
  too_large: 0,
  not_utf8: 0,
  bad_id: 0,
  bad_measurement: 0,
  bad_field: 0,
  empty: 0,
  conflict: 0,
  refused_by_database: 0,
  lost: 0,
  ...changes,
});

export const processState = (loopDelayMs = 0): ProcessState => ({
  loopDelayMs,
  residentBytes: 50_000_000,
  cpuMs: 1_500,
});

export function ingestSnapshot(changes: Partial<IngestSnapshot> = {}): IngestSnapshot {
  return {
    kind: 'ingest',
    idleMs: 4_000,
    connections: {
      open: 2,
      opened: 10,
      closed: 8,
      refused: 1,
      timedOut: 3,
      bytesReceived: 1_000,
    },
    input: { readings: 90, rejected: 10, timesReplaced: 5, noiseBytes: 7 },
    rejects: rejectCounts({ bad_measurement: 10 }),
    ledger: { received: 100, stored: 80, duplicates: 5, rejected: 10, pending: 5 },
    ledgerConfirmed: true,
    storing: {
      batch: { bounds: [0.1, 1], counts: [3, 2, 1], sum: 4.5 },
      receiptToCommit: { bounds: [0.5], counts: [80, 0], sum: 8 },
    },
    journal: {
      problem: null,
      readProblem: null,
      bytes: 5_000,
      oldestPendingMs: 100,
      unsyncedMs: 0,
      diskFreeBytes: 50_000,
      diskTotalBytes: 100_000,
    },
    database: { connected: true, problem: null },
    ...changes,
  };
}

/** So many connections in this hour, and none before. */
export const perHour = (opened: number, closed: number): ConnectionsPerHour => ({
  opened: [...Array<number>(23).fill(0), opened],
  closed: [...Array<number>(23).fill(0), closed],
});

export function tcpWorker(changes: Partial<WorkerState> = {}): WorkerState {
  return {
    name: 'ingest-1',
    role: 'ingest',
    pid: 4_001,
    status: 'ready',
    uptimeMs: 120_000,
    restarts: 0,
    recentRestarts: 0,
    heartbeatAgeMs: 500,
    problem: null,
    process: processState(),
    ingest: ingestSnapshot(),
    connectionsPerHour: perHour(4, 3),
    ...changes,
  };
}

export function apiWorkerState(changes: Partial<WorkerState> = {}): WorkerState {
  return tcpWorker({
    name: 'api',
    role: 'api',
    pid: 4_002,
    ingest: null,
    connectionsPerHour: null,
    ...changes,
  });
}

export function clusterState(
  workers: WorkerState[] = [tcpWorker(), apiWorkerState()],
  uptimeMs = 120_500,
): ClusterState {
  return { supervisorPid: 4_000, uptimeMs, supervisor: processState(), workers };
}
