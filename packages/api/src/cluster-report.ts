/**
 * The supervisor's latest report, and what it says of the TCP workers at a later moment.
 *
 * Ages in a report were true when it came; `ageMs` is how long ago that was, and is added here. What
 * always holds: the last activity never moves back while reports come in, although a worker that
 * restarts cannot say how old its last words are.
 */
import type { ClusterState, WorkerState } from '@zdenergy/core';

/** From reliability: no heartbeat for 10 s is a hang. */
const heartbeatLimitMs = 10_000;

export interface ClusterReport {
  readonly state: ClusterState;
  /** When it came, on this process's monotonic clock. */
  readonly receivedAtMs: number;
  /** The last activity on any TCP worker, on the same clock; null before a worker's first report. */
  readonly activityAtMs: number | null;
}

/** The report that a new state makes after the one before it. */
export function nextReport(
  previous: ClusterReport | null,
  state: ClusterState,
  receivedAtMs: number,
): ClusterReport {
  const before = previous?.activityAtMs ?? null;
  const seen = ingestWorkers(state).flatMap((worker) => {
    const isDated = worker.heartbeatAgeMs !== null || before === null;
    if (worker.ingest === null || !isDated) return [];
    return [receivedAtMs - worker.ingest.idleMs - sinceBeatMs(worker, 0)];
  });
  const all = before === null ? seen : [before, ...seen];
  return { state, receivedAtMs, activityAtMs: all.length === 0 ? null : Math.max(...all) };
}

export function ingestWorkers(state: ClusterState | undefined): readonly WorkerState[] {
  return state?.workers.filter(({ role }) => role === 'ingest') ?? [];
}

/** Since the worker's last heartbeat, or since it started if none has come. */
export function sinceBeatMs(worker: WorkerState, ageMs: number): number {
  return (worker.heartbeatAgeMs ?? worker.uptimeMs) + ageMs;
}

/** True when a beat is overdue; a worker that has only just become ready owes none yet. */
export function isSilent(worker: WorkerState, ageMs: number): boolean {
  return worker.heartbeatAgeMs !== null && worker.heartbeatAgeMs + ageMs > heartbeatLimitMs;
}

/** Ready, heard of lately, and its first report is there. */
export function isServing(worker: WorkerState, ageMs: number): boolean {
  return worker.status === 'ready' && worker.ingest !== null && !isSilent(worker, ageMs);
}

/** How long the worker's oldest pending reading has waited; 0 when none is pending. */
export function pendingMs(worker: WorkerState, ageMs: number): number {
  const { ingest } = worker;
  if (ingest === null || ingest.ledger.pending === 0) return 0;
  return ingest.journal.oldestPendingMs + sinceBeatMs(worker, ageMs);
}

/** How many gateways are connected: those of a worker ended with its process, whatever it last said. */
export function openConnections(workers: readonly WorkerState[]): number {
  const living = workers.filter(({ pid }) => pid !== null);
  return living.reduce((sum, { ingest }) => sum + (ingest?.connections.open ?? 0), 0);
}

/** A worker's uptime in full seconds; 0 while there is no process. */
export function uptimeSeconds(worker: WorkerState, ageMs: number): number {
  return worker.pid === null ? 0 : Math.floor((worker.uptimeMs + ageMs) / 1_000);
}

/**
 * How long ago the moment was until which everything that came in is in the database; null while a TCP
 * worker does not serve, so that nobody can say: what it holds is found when it is back.
 */
export function incompleteMs(report: ClusterReport | null, monotonicMs: number): number | null {
  if (report === null) return null;
  const ageMs = monotonicMs - report.receivedAtMs;
  const workers = ingestWorkers(report.state);
  const allServe = workers.length > 0 && workers.every((worker) => isServing(worker, ageMs));
  if (!allServe) return null;
  return Math.max(...workers.map((worker) => unstoredMs(worker, ageMs)));
}

/** How long the oldest reading that came in has waited, or could have since the last heartbeat. */
function unstoredMs(worker: WorkerState, ageMs: number): number {
  const silentMs = sinceBeatMs(worker, ageMs);
  return Math.max(pendingMs(worker, ageMs), silentMs + (worker.ingest?.journal.unsyncedMs ?? 0));
}
