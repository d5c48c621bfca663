/**
 * The worker's side of supervision: sockets and orders come in, heartbeats go out, and a worker
 * never outlives its supervisor.
 *
 * What always holds: a heartbeat is sent from the event loop itself, so that a blocked loop shows;
 * at most one message of a type is on its way to the supervisor, the latest snapshot wins; when the
 * supervisor is gone, the channel's end stops the worker, and if the loop is blocked a thread that
 * watches the parent's process id kills it.
 */
import { Worker as Thread } from 'node:worker_threads';
import { describeError } from './errors.js';
import type { IngestSnapshot, ListenerName, ToWorker } from './ipc.js';
import { parseToWorker, type FromWorker } from './ipc.js';
import { Pulse } from './pulse.js';

/** The supervisor calls a worker hung after ten missed beats. */
const heartbeatMs = 1_000;
/** A blocked worker notices this soon that its supervisor is gone; ports are to be free within 1 s. */
const parentCheckMs = 100;

/** An opaque listening socket as Node's IPC hands it over; `server.listen` takes it. */
export type SocketHandle = object;

export interface WorkerDuties {
  /** Starts serving on the sockets; resolves once ready. */
  start(sockets: ReadonlyMap<ListenerName, SocketHandle>): Promise<void>;
  /** Ends the work cleanly within the deadline, in milliseconds. */
  stop(deadlineMs: number): Promise<void>;
  /** What a heartbeat says; null for a worker with nothing to report but its pulse. */
  snapshot(): IngestSnapshot | null;
  /** Cluster state, live readings and what gateways sent. */
  receive?(message: Extract<ToWorker, { type: 'cluster' | 'live' | 'gateways' }>): void;
}

export interface SupervisorLink {
  /** Sends unless the last message of the same type is still on its way; true when it was sent. */
  send(message: FromWorker): boolean;
}

/**
 * Serves the supervisor until told to stop, then exits through `exit`, which gets 0 after a clean
 * stop and 1 when starting or stopping failed.
 */
export function serveSupervisor(
  duties: (link: SupervisorLink) => WorkerDuties,
  exit: (code: number, reason?: unknown) => void,
): void {
  watchParent();
  // A terminal sends these to the whole process group; the supervisor decides what follows.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

  const inFlight = new Set<FromWorker['type']>();
  const link: SupervisorLink = {
    send(message) {
      if (inFlight.has(message.type) || !process.connected) return false;
      inFlight.add(message.type);
      process.send?.(message, undefined, {}, () => inFlight.delete(message.type));
      return true;
    },
  };
  const worker = duties(link);
  const sockets = new Map<ListenerName, SocketHandle>();

  let stopping = false;
  const stop = (deadlineMs: number): void => {
    if (stopping) return;
    stopping = true;
    worker.stop(deadlineMs).then(
      () => exit(0),
      (error: unknown) => exit(1, error),
    );
  };

  const beatFromNow = (): void => {
    const pulse = new Pulse(heartbeatMs, performance.now());
    const beat = (): void => {
      const state = pulse.beat(performance.now());
      link.send({ type: 'heartbeat', process: state, ingest: worker.snapshot() });
    };
    beat();
    setInterval(beat, heartbeatMs);
  };

  process.on('message', (received: unknown, handle: unknown) => {
    let message: ToWorker;
    try {
      message = parseToWorker(received);
    } catch (error) {
      // Going on without it could be serving half of what is asked for.
      const problem = `the supervisor sent a message that cannot be read (${describeError(error)}); if zdenergy was updated, restart it as a whole`;
      exit(1, new Error(problem, { cause: error }));
      return;
    }
    switch (message.type) {
      case 'socket':
        if (typeof handle === 'object' && handle !== null) sockets.set(message.listener, handle);
        break;
      case 'start':
        worker.start(sockets).then(
          () => {
            process.send?.({ type: 'ready' } satisfies FromWorker);
            beatFromNow();
          },
          (error: unknown) => exit(1, error),
        );
        break;
      case 'stop':
        stop(message.deadlineMs);
        break;
      case 'cluster':
      case 'live':
      case 'gateways':
        worker.receive?.(message);
        break;
      default:
        message satisfies never;
    }
  });
  process.on('disconnect', () => stop(orphanDeadlineMs));
  process.on('SIGTERM', () => stop(signalDeadlineMs));
}

/** Without a supervisor nobody restarts or watches the worker: it ends at once, keeping what it has. */
const orphanDeadlineMs = 500;
/** The time that the supervisor gives, too. */
const signalDeadlineMs = 8_000;

/**
 * A thread of its own sees that the parent is gone even when the event loop is blocked, and kills
 * the process; the readings it had received are in the journal.
 */
function watchParent(): void {
  const source = `
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${orphanDeadlineMs});
    }, ${parentCheckMs});`;
  new Thread(source, {
    eval: true,
    stdout: false,
    resourceLimits: { maxOldGenerationSizeMb: 8 },
  }).unref();
}
