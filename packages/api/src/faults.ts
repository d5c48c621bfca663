/**
 * The faults that health knows: each of a kind and with a sentence in plain words, errors apart from
 * warnings.
 *
 * What always holds: everything that is wrong is listed, the worst first; an error means that
 * readings cannot come in or are at risk, a warning that they are safe but somebody should look.
 */
import { formatDuration } from '@zdenergy/core';
import type { ClusterState, WorkerState } from '@zdenergy/core';
import {
  ingestWorkers,
  isServing,
  isSilent,
  openConnections,
  pendingMs,
  sinceBeatMs,
} from './cluster-report.js';

/** The supervisor reports every second; after this long it hangs. */
const supervisorSilentMs = 5_000;
/** From reliability: a worker has this long to become ready. */
const bootLimitMs = 30_000;
/** From the meaning of `warning`: readings wait longer than 60 s to be stored. */
const pendingLimitMs = 60_000;
const minFreeDisk = 0.1;
/** In five minutes. */
const maxRecentRestarts = 5;

export interface Circumstances {
  /** Null until the supervisor has reported for the first time. */
  readonly state: ClusterState | null;
  /** How long ago the supervisor reported. */
  readonly ageMs: number;
  /** Since the last TCP activity; null while unknown. */
  readonly idleMs: number | null;
  /** Why the database is away; null: it is there. */
  readonly databaseProblem: string | null;
  readonly staleAfterMs: number;
}

/** What is wrong, whatever the sentence says of it at the moment. */
export const faultKinds = [
  'supervisor',
  'tcp',
  'journal',
  'database',
  'pending',
  'disk',
  'stale',
  'restarts',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly sentence: string;
}

export interface Faults {
  readonly errors: readonly Fault[];
  readonly warnings: readonly Fault[];
}

export function findFaults(circumstances: Circumstances): Faults {
  const { state, ageMs, idleMs, databaseProblem, staleAfterMs } = circumstances;
  const tcpWorkers = ingestWorkers(state ?? undefined);
  // Heartbeats come by way of the supervisor: while it is silent they say nothing of the workers.
  const beatsAgeMs = ageMs > supervisorSilentMs ? 0 : ageMs;
  return {
    errors: [
      ...ofKind('supervisor', supervisorFaults(state, ageMs)),
      ...ofKind('tcp', state === null ? [] : tcpFaults(state, tcpWorkers, beatsAgeMs)),
      ...ofKind('journal', journalFaults(tcpWorkers)),
    ],
    warnings: [
      ...ofKind('database', databaseFaults(databaseProblem)),
      ...ofKind('pending', pendingFaults(tcpWorkers, beatsAgeMs)),
      ...ofKind('disk', diskFaults(tcpWorkers)),
      ...ofKind('stale', staleFaults(tcpWorkers, idleMs, staleAfterMs)),
      ...ofKind('restarts', restartFaults(state?.workers ?? [])),
    ],
  };
}

const ofKind = (kind: FaultKind, sentences: readonly string[]): Fault[] =>
  sentences.map((sentence) => ({ kind, sentence }));

function supervisorFaults(state: ClusterState | null, ageMs: number): string[] {
  if (state === null) {
    return [
      'The supervisor has not yet said how the TCP server is: zdenergy has only just started.',
    ];
  }
  if (ageMs <= supervisorSilentMs) return [];
  return [
    `The supervisor has not reported for ${formatDuration(ageMs)}, so it hangs or was stopped. Restart zdenergy if this lasts.`,
  ];
}

function tcpFaults(
  state: ClusterState,
  tcpWorkers: readonly WorkerState[],
  ageMs: number,
): string[] {
  if (tcpWorkers.length === 0) return ['There is no TCP worker: no reading can come in.'];
  const down = tcpWorkers.filter((worker) => !isServing(worker, ageMs));
  const isFirstStart =
    state.uptimeMs + ageMs <= bootLimitMs && down.every((worker) => isFirstBoot(worker));
  if (down.length > 0 && isFirstStart) {
    return [withProblem('The TCP server is still starting', firstProblem(down))];
  }
  return down.map((worker) => describeDown(worker, ageMs));
}

/** True until the worker's first report; it has then never served. */
function isFirstBoot(worker: WorkerState): boolean {
  const booting = worker.status === 'starting' || worker.status === 'ready';
  return booting && worker.restarts === 0 && worker.ingest === null;
}

function describeDown(worker: WorkerState, ageMs: number): string {
  const { name, problem } = worker;
  if (worker.status === 'hung' || (worker.status === 'ready' && isSilent(worker, ageMs))) {
    const silent = formatDuration(sinceBeatMs(worker, ageMs));
    return `TCP worker ${name} hangs: no sign of life for ${silent}. If that lasts, it is ended and started again on its own.`;
  }
  switch (worker.status) {
    case 'ready':
      return `TCP worker ${name} has started, and has not yet said how it is.`;
    case 'starting': {
      const age = formatDuration(worker.uptimeMs + ageMs);
      return withProblem(`TCP worker ${name} is starting, for ${age} so far`, problem);
    }
    case 'restarting':
      return withProblem(`TCP worker ${name} is down and will be started again`, problem);
    case 'stopping':
      return withProblem(`TCP worker ${name} is stopping`, problem);
    default:
      return worker.status satisfies never;
  }
}

function journalFaults(tcpWorkers: readonly WorkerState[]): string[] {
  const journals = tcpWorkers.flatMap(({ ingest }) => ingest?.journal ?? []);
  const written = journals.flatMap(({ problem }) => problem ?? []);
  const read = journals.flatMap(({ readProblem }) => readProblem ?? []);
  return [
    ...[...new Set(written)].map(
      (problem) => `The journal cannot be written, so readings are at risk: ${ended(problem)}`,
    ),
    ...[...new Set(read)].map(
      (problem) => `Readings cannot be stored and are at risk: ${ended(problem)}`,
    ),
  ];
}

function databaseFaults(problem: string | null): string[] {
  if (problem === null) return [];
  return [`The database is away: ${ended(problem)} Readings wait in the journal until it is back.`];
}

function pendingFaults(tcpWorkers: readonly WorkerState[], ageMs: number): string[] {
  const longestMs = Math.max(0, ...tcpWorkers.map((worker) => pendingMs(worker, ageMs)));
  if (longestMs <= pendingLimitMs) return [];
  return [`Readings have waited ${formatDuration(longestMs)} to be stored in the database.`];
}

function diskFaults(tcpWorkers: readonly WorkerState[]): string[] {
  const disks = tcpWorkers.flatMap(({ ingest }) => ingest?.journal ?? []);
  const shares = disks
    .filter(({ diskTotalBytes }) => diskTotalBytes > 0)
    .map(({ diskFreeBytes, diskTotalBytes }) => diskFreeBytes / diskTotalBytes);
  const share = Math.min(1, ...shares);
  if (share >= minFreeDisk) return [];
  const percent = Math.floor(share * 1_000) / 10;
  return [
    `Only ${percent} % of the disk with DATA_DIR is free: make room before the journal is full.`,
  ];
}

function staleFaults(
  tcpWorkers: readonly WorkerState[],
  idleMs: number | null,
  staleAfterMs: number,
): string[] {
  if (idleMs === null || idleMs < staleAfterMs) return [];
  const open = openConnections(tcpWorkers);
  // Gateways that are there and say nothing are another fault than gateways that are gone.
  const connected =
    open === 0 ? 'None is connected.' : `${open} ${open === 1 ? 'is' : 'are'} still connected.`;
  return [
    `No gateway has connected or sent anything for ${formatDuration(idleMs)}. ${connected} Check the gateways and their network.`,
  ];
}

function restartFaults(workers: readonly WorkerState[]): string[] {
  return workers
    .filter(({ recentRestarts }) => recentRestarts > maxRecentRestarts)
    .map(
      ({ name, recentRestarts }) =>
        `${name} was restarted ${recentRestarts} times in 5 minutes. The log says why.`,
    );
}

const firstProblem = (workers: readonly WorkerState[]): string | null =>
  workers.find(({ problem }) => problem !== null)?.problem ?? null;

const withProblem = (sentence: string, problem: string | null): string =>
  problem === null ? `${sentence}.` : `${sentence}: ${ended(problem)}`;

/** The text with a full stop, unless it ends like a sentence already. */
const ended = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`);
