/**
 * What `/metrics` says of the processes: whether they run, since when, and what they take.
 *
 * What always holds: the supervisor, who cannot tell of his own death, has only what he measures.
 */
import type { ProcessState, WorkerState } from '@zdenergy/core';
import { isSilent, sinceBeatMs, type ClusterReport } from './cluster-report.js';
import { counter, flag, gauge, sample, type MetricFamily, type Sample } from './metric-family.js';

export function processFamilies(cluster: ClusterReport | null, ageMs: number): MetricFamily[] {
  if (cluster === null) return [];
  const { workers, supervisor } = cluster.state;
  const ofWorkers = (value: (worker: WorkerState) => number | null): Sample[] =>
    workers.flatMap((worker) => {
      const known = value(worker);
      return known === null ? [] : [sample(known, { worker: worker.name })];
    });
  const ofProcesses = (value: (state: ProcessState) => number): Sample[] => [
    sample(value(supervisor), { worker: 'supervisor' }),
    ...ofWorkers(({ process }) => (process === null ? null : value(process))),
  ];
  return [
    gauge(
      'zdenergy_worker_up',
      'Whether the worker, or the own Postgres, is ready and gives signs of life',
      workers.map((worker) =>
        flag(worker.status === 'ready' && !isSilent(worker, ageMs), { worker: worker.name }),
      ),
    ),
    counter(
      'zdenergy_worker_restarts_total',
      'Restarts since zdenergy was started',
      ofWorkers(({ restarts }) => restarts),
    ),
    gauge(
      'zdenergy_worker_uptime_seconds',
      'Since its process was started; 0: there is none',
      ofWorkers(({ pid, uptimeMs }) => (pid === null ? 0 : seconds(uptimeMs + ageMs))),
    ),
    gauge(
      'zdenergy_worker_heartbeat_age_seconds',
      'Since its last sign of life',
      ofWorkers((worker) => (worker.pid === null ? null : seconds(sinceBeatMs(worker, ageMs)))),
    ),
    gauge(
      'zdenergy_worker_loop_delay_seconds',
      'The most by which its event loop was late in the last 30 seconds',
      ofProcesses(({ loopDelayMs }) => seconds(loopDelayMs)),
    ),
    gauge(
      'zdenergy_worker_resident_memory_bytes',
      'Memory that the process holds',
      ofProcesses(({ residentBytes }) => residentBytes),
    ),
    counter(
      'zdenergy_worker_cpu_seconds_total',
      'CPU time since the process was started',
      ofProcesses(({ cpuMs }) => seconds(cpuMs)),
    ),
  ];
}

const seconds = (durationMs: number): number => durationMs / 1_000;
