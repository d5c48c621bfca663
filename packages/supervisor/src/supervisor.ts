/**
 * The supervisor: owns the listening sockets, the children and their restarts, and the state of all
 * of them. It knows nothing of readings, SQL or HTTP.
 *
 * What always holds: sockets outlive workers; on stopping, the workers end first, then Postgres,
 * so that readings in flight can still be stored; once stopping, nothing is started again.
 */
import type { Logger, Running, Settings } from '@zdenergy/core';
import { start } from '@zdenergy/core';
import { startedByRoot } from './account.js';
import { ClusterFeed } from './cluster-state.js';
import { openDataDirectory, ownerVariables } from './data-directory.js';
import { bindSocket, listenersOf, type BoundSocket } from './listening-sockets.js';
import { afterCheck, awakeSince, checkIntervalMs } from './liveness.js';
import { OwnPostgres } from './own-postgres.js';
import { createReload, type ReloadOutcome } from './reloading.js';
import type { Supervised } from './supervised.js';
import { WorkerProcess, type WorkerSpec } from './worker-process.js';

/** From the figures: workers stop within 8 s, the supervisor within 12 s. */
const workerStopMs = 8_000;
/** For workers and Postgres together; what is left of the 12 s is for the process to exit. */
const totalStopMs = 11_500;

/** Gives the JavaScript file of a kind of worker, as it is to be started now. */
export type WorkerEntry = (role: WorkerSpec['role']) => URL;

export interface Supervisor extends Running {
  /** Ends and starts the workers one after the other; Postgres and the sockets stay. */
  reload(): Promise<ReloadOutcome>;
  /** Ends every child at once; `stop` then has nothing to wait for. */
  kill(): void;
}

/**
 * Starts zdenergy: resolves when its children are started, which is before they are ready.
 * @param environment what the workers get, and DATABASE_URL if Postgres is our own.
 * @param ready is called once, when every child has become ready.
 * @throws {StartProblem} for what a person must mend.
 */
export function startSupervisor(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
  entryOf: WorkerEntry,
  logger: Logger,
  ready: () => void,
): Promise<Supervisor> {
  return start(async (releases) => {
    const ownsPostgres = settings.databaseUrl === undefined;
    const directory = await openDataDirectory(
      settings.dataDir,
      ownsPostgres && startedByRoot,
      logger,
      releases,
    );
    const sockets: BoundSocket[] = [];
    for (const spec of listenersOf(settings)) {
      const socket = await bindSocket(spec);
      releases.push(() => socket.handle.close());
      sockets.push(socket);
    }

    const changed = (): void => {
      feed.publish();
      if (!announced && feed.state().workers.every(({ status }) => status === 'ready')) {
        announced = true;
        ready();
      }
    };
    let announced = false;
    const postgres = ownsPostgres
      ? new OwnPostgres(directory, settings.embeddedPgPort, logger, changed)
      : undefined;
    const workerEnvironment = {
      ...environment,
      ...ownerVariables(directory),
      ...(postgres && { DATABASE_URL: postgres.url }),
    };
    const worker = (name: string, role: WorkerSpec['role']): WorkerProcess =>
      new WorkerProcess(
        {
          name,
          role,
          entry: () => entryOf(role),
          environment: workerEnvironment,
          sockets: sockets.filter((socket) => socket.role === role),
        },
        logger,
        {
          changed,
          live: (message) => api.sendOrDrop(message),
          // One worker's must not take the place of another's.
          gateways: (message) => api.sendLatest(`gateways of ${message.worker}`, () => message),
        },
      );
    const api = worker('api', 'api');
    const ingest = Array.from({ length: settings.ingestWorkers }, (_, index) =>
      worker(`ingest-${index + 1}`, 'ingest'),
    );
    const workers = [...ingest, api];
    const children: Supervised[] = postgres === undefined ? workers : [...workers, postgres];
    const feed = new ClusterFeed(children, api);

    let stoppingSinceMs: number | undefined;
    releases.push(() => {
      const nowMs = performance.now();
      return postgres?.stop(totalStopMs - (nowMs - (stoppingSinceMs ?? nowMs)));
    });
    releases.push(async () => {
      await Promise.all(workers.map((child) => child.stop(workerStopMs)));
    });
    for (const child of children) child.start();
    releases.push(watch(children, feed));

    releases.push(() => void (stoppingSinceMs = performance.now()));
    const reload = createReload(
      workers.map((child) => ({
        name: child.name,
        reload: () => child.reload(workerStopMs),
      })),
      () => stoppingSinceMs !== undefined,
    );
    return {
      reload,
      kill: () => {
        for (const child of children) child.kill();
      },
    };
  });
}

/** Checks every child regularly, and publishes their state; the result ends that. */
function watch(children: readonly Supervised[], feed: ClusterFeed): () => void {
  let wakefulness = awakeSince(performance.now());
  const timer = setInterval(() => {
    const nowMs = performance.now();
    wakefulness = afterCheck(wakefulness, nowMs);
    feed.beat(nowMs);
    for (const child of children) child.check(wakefulness);
    feed.publish();
  }, checkIntervalMs);
  return () => clearInterval(timer);
}
