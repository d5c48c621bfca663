/**
 * What the supervisor and its workers say to each other: two unions, discriminated by `type`.
 *
 * Messages are parsed once, where they come in (`parseToWorker`, `parseFromWorker`). Both ends may be
 * of neighbouring versions, for a supervisor goes on while its workers are replaced by newer ones: a field
 * that the other end does not know is dropped, one that it misses is refused. So a new field is optional
 * for a version, and a field that others need is not removed. What always
 * holds: ages are monotonic and in milliseconds, counts only grow while a process lives, and of a
 * snapshot only the latest matters, so that a sender drops one rather than queue it.
 */
import type * as zod from 'zod';
import { histogramState } from './histogram.js';
import { processState } from './pulse.js';
import { z } from './zod.js';

const counter = z.number().nonnegative();

/** How many readings went where since the data directory was made; received is the sum of the others. */
const ledger = z.object({
  received: counter,
  stored: counter,
  duplicates: counter,
  rejected: counter,
  pending: counter,
});
export type Ledger = zod.infer<typeof ledger>;

/** The kinds of reasons for which something is rejected: few, so that each can be a series of its own. */
const rejectKind = z.enum([
  'not_json',
  'cut_off',
  'too_large',
  'not_utf8',
  'bad_id',
  'bad_measurement',
  'bad_field',
  'empty',
  /** Another reading of this sensor at this time is stored. */
  'conflict',
  'refused_by_database',
  /** Of a journal that was damaged. */
  'lost',
]);
export type RejectKind = zod.infer<typeof rejectKind>;
const rejectCounts = z.record(rejectKind, counter);
export type RejectCounts = zod.infer<typeof rejectCounts>;

const ingestSnapshot = z.object({
  kind: z.literal('ingest'),
  /** Since the last accepted connection, received byte or start. */
  idleMs: z.number().nonnegative(),
  connections: z.object({
    open: counter,
    opened: counter,
    closed: counter,
    refused: counter,
    timedOut: counter,
    bytesReceived: counter,
  }),
  /** Since this process started. */
  input: z.object({
    readings: counter,
    rejected: counter,
    timesReplaced: counter,
    noiseBytes: counter,
  }),
  /** Why, since this process started. */
  rejects: rejectCounts,
  ledger,
  /**
   * This process has heard from the database how much is stored, duplicate and rejected. Before, the
   * journal's own copy speaks, which may be a little older than what was said before a crash.
   */
  ledgerConfirmed: z.boolean(),
  /** Since this process started. */
  storing: z.object({
    /** How long a batch took in the database. */
    batch: histogramState,
    /** From receipt to commit, of each reading. */
    receiptToCommit: histogramState,
  }),
  journal: z.object({
    /** Why no reading can be written now, in plain words; null: all is well. */
    problem: z.string().nullable(),
    /** Why what it holds cannot be read back, and so not be stored; null: it can. */
    readProblem: z.string().nullable(),
    bytes: counter,
    /** How long the oldest reading not yet in Postgres has waited. */
    oldestPendingMs: counter,
    /** How long the oldest reading that is not durable yet, and so not counted, has waited. */
    unsyncedMs: counter,
    diskFreeBytes: counter,
    diskTotalBytes: counter,
  }),
  database: z.object({
    connected: z.boolean(),
    /** Why not, in plain words; null also while it is away only briefly. */
    problem: z.string().nullable(),
  }),
});
export type IngestSnapshot = zod.infer<typeof ingestSnapshot>;

/** Of the last 24 hours of the wall clock, oldest first; the last one has only begun. */
const connectionsPerHour = z.object({ opened: z.array(counter), closed: z.array(counter) });
export type ConnectionsPerHour = zod.infer<typeof connectionsPerHour>;

const workerState = z.object({
  name: z.string(),
  role: z.enum(['ingest', 'api', 'postgres']),
  pid: z.number().nullable(),
  /** `hung`: alive as a process, but without a heartbeat for too long. */
  status: z.enum(['starting', 'ready', 'hung', 'restarting', 'stopping']),
  /** Since the process started; 0 when there is none. */
  uptimeMs: counter,
  restarts: counter,
  /** Restarts in the last five minutes. */
  recentRestarts: counter,
  /** Since the last heartbeat; null before the first. */
  heartbeatAgeMs: counter.nullable(),
  /** Why it is not ready, in plain words. */
  problem: z.string().nullable(),
  /** As of its last heartbeat; null before the first, and of Postgres. */
  process: processState.nullable(),
  /** What an ingest worker last said of itself, kept while it restarts. */
  ingest: ingestSnapshot.nullable(),
  /** Of all its processes; null for one that is no ingest worker. */
  connectionsPerHour: connectionsPerHour.nullable(),
});
export type WorkerState = zod.infer<typeof workerState>;

const clusterState = z.object({
  supervisorPid: z.number(),
  uptimeMs: counter,
  supervisor: processState,
  workers: z.array(workerState),
});
export type ClusterState = zod.infer<typeof clusterState>;

/**
 * The newest readings as they went to the journal: COPY rows, which storage can decode. On the way
 * some are left out, or whole messages: `readings` grows by more than there are rows then.
 */
const liveRows = z.object({
  type: z.literal('live'),
  /** Which process sent them. */
  worker: z.string(),
  pid: z.number(),
  /** How many readings that process had for the live view up to the last of these rows. */
  readings: counter,
  rows: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
});
export type LiveRows = zod.infer<typeof liveRows>;

const gatewayReport = z.object({
  /** Without the port. */
  address: z.string(),
  open: counter,
  opened: counter,
  /** Since it last connected or sent something. */
  idleMs: z.number().nonnegative(),
  bytes: counter,
  readings: counter,
  rejected: counter,
});
export type GatewayReport = zod.infer<typeof gatewayReport>;

const gatewaysReport = z.object({
  /** How many addresses the worker knows. */
  total: counter,
  /** Those seen last, the latest first. */
  newest: z.array(gatewayReport),
});
export type GatewaysReport = zod.infer<typeof gatewaysReport>;

/** What the gateways of an ingest worker have sent since its process started. */
const gatewaysMessage = z.object({
  type: z.literal('gateways'),
  worker: z.string(),
  pid: z.number(),
  report: gatewaysReport,
});
export type GatewaysMessage = zod.infer<typeof gatewaysMessage>;

const listenerName = z.enum(['tcp', 'tls', 'http']);
export type ListenerName = zod.infer<typeof listenerName>;

const toWorker = z.discriminatedUnion('type', [
  /** Comes with the bound socket's handle; the worker listens on it when it is ready to serve. */
  z.object({ type: z.literal('socket'), listener: listenerName }),
  /** All sockets were sent: start. */
  z.object({ type: z.literal('start') }),
  z.object({ type: z.literal('stop'), deadlineMs: z.number().positive() }),
  z.object({ type: z.literal('cluster'), state: clusterState }),
  liveRows,
  gatewaysMessage,
]);
export type ToWorker = zod.infer<typeof toWorker>;

const fromWorker = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({
    type: z.literal('heartbeat'),
    process: processState,
    ingest: ingestSnapshot.nullable(),
  }),
  /** Something that a person must mend before a restart can help. */
  z.object({ type: z.literal('problem'), problem: z.string() }),
  liveRows,
  gatewaysMessage,
]);
export type FromWorker = zod.infer<typeof fromWorker>;

/** @throws {Error} naming the field, for a message of another version or sender. */
export const parseToWorker = (message: unknown): ToWorker => parse(toWorker, message);
/** @throws {Error} naming the field, for a message of another version or sender. */
export const parseFromWorker = (message: unknown): FromWorker => parse(fromWorker, message);

function parse<Message>(schema: zod.ZodType<Message>, message: unknown): Message {
  const result = schema.safeParse(message);
  if (result.success) return result.data;
  const [{ path, message: problem }] = result.error.issues;
  throw new Error(`${path.join('.')}: ${problem}`, { cause: result.error });
}
