/** Reports of the supervisor for tests: everything is well unless a test says otherwise. */
import type { ClusterState, ConnectionsPerHour, IngestSnapshot, WorkerState } from '@zdenergy/core';

export function ingestSnapshot(changes: Partial<IngestSnapshot> = {}): IngestSnapshot {
  return {
    kind: 'ingest',
    idleMs: 4_000,
    loopDelayMs: 0,
    connections: {
      open: 2,
      opened: 10,
      closed: 8,
      refused: 1,
      timedOut: 3,
      bytesReceived: 1_000,
    },
    input: { readings: 90, rejected: 10, timesReplaced: 5, noiseBytes: 7 },
    ledger: { received: 100, stored: 80, duplicates: 5, rejected: 10, pending: 5 },
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
  return { supervisorPid: 4_000, uptimeMs, workers };
}
