/**
 * The API worker: puts the parts together and serves the supervisor's orders.
 *
 * What always holds: it becomes ready without a database; health is worked out from what the
 * supervisor, the database watch and the live feed left in memory.
 */
import type { IncomingMessage, RequestListener } from 'node:http';
import {
  describeError,
  Releases,
  type LiveRows,
  type Logger,
  type Settings,
  type WorkerDuties,
} from '@zdenergy/core';
import {
  createDatabaseProbe,
  decodeRows,
  newestReadings,
  openCsvExport,
  openRollups,
  openSensorTable,
  openStoredData,
  type SensorTable,
} from '@zdenergy/storage';
import { accessGuard } from './access.js';
import { startAlerts } from './alerts/start-alerts.js';
import { createApp } from './app.js';
import { clientReader, visitOf, type Client } from './client.js';
import { clusterMetrics } from './cluster-metrics.js';
import { incompleteMs, nextReport, type ClusterReport } from './cluster-report.js';
import { watchDatabase } from './database-watch.js';
import { ExportProgress } from './export-progress.js';
import { withReport, type GatewayReports } from './gateway-reports.js';
import { GatewaySeries } from './gateway-series.js';
import { answerHealth, isHealthUrl } from './health-endpoint.js';
import { healthReport, type DatabaseState, type HealthReport } from './health.js';
import { serveHttp } from './http-server.js';
import { LedgerCounters } from './ledger-counters.js';
import type { Schedule } from './jobs/schedule.js';
import { startJobs } from './jobs/start-jobs.js';
import { LiveCount } from './live-count.js';
import { createLogin } from './login.js';
import { answerMetrics } from './metrics-endpoint.js';
import { RecentReadings } from './recent-readings.js';
import { watchRollups } from './rollup-watch.js';
import { sensorCounts } from './sensor-counts.js';
import { watchSensors } from './sensor-watch.js';
import { statsReport, type Stats } from './stats.js';
import { StatusSince } from './status-since.js';
import { statusPage } from './status-page.js';
import { storedRoutes } from './stored-routes.js';
import { streamEndpoint } from './stream-endpoint.js';
import { StreamHub } from './stream-hub.js';

/** How many of the newest readings the page shows. */
const shownReadings = 15;
/** What is left of a stop's deadline when requests still under way are cut. */
const cutMarginMs = 250;

export interface ApiParts {
  /** With the database's address in it, which the supervisor sees to. */
  readonly settings: Settings & { readonly databaseUrl: string };
  readonly version: string;
  /** Of which commit this build is, where that is known. */
  readonly commit?: string;
  /** Where the build of the page is, if there is one. */
  readonly dashboardDir: string;
  readonly logger: Logger;
}

export function apiWorker(parts: ApiParts): WorkerDuties {
  const { settings, version, commit, dashboardDir, logger } = parts;
  const releases = new Releases();
  const readings = new RecentReadings(settings.memoryReadings);
  let cluster: ClusterReport | null = null;
  let gateways: GatewayReports = new Map();
  let databaseState = (): DatabaseState => ({ connected: null, problem: null });
  let jobs: Schedule | undefined;
  let cutConnections = (): void => undefined;

  const statusSince = new StatusSince();
  const health = (): HealthReport => {
    const now = { monotonicMs: performance.now(), wallMs: Date.now() };
    const report = healthReport(
      {
        cluster,
        database: databaseState(),
        memoryReadings: readings.size,
        staleAfterMs: settings.staleAfterMs,
        version,
        ...(commit !== undefined && { commit }),
      },
      now,
    );
    return statusSince.mark(report, now);
  };

  const stats = (): Stats => statsReport(cluster, gateways, performance.now());

  const ledgerCounters = new LedgerCounters();
  const gatewaySeries = new GatewaySeries();
  const metrics = (sensors: ReturnType<typeof sensorCounts>) => () => {
    const nowMs = performance.now();
    return clusterMetrics({
      cluster,
      health: health().body,
      stats: stats(),
      ledger: ledgerCounters.of(cluster),
      gateways: gatewaySeries.list(cluster?.state.workers ?? [], nowMs),
      sensors: sensors(),
      nowMs,
    });
  };

  const about = {
    version,
    display_timezone: settings.displayTimeZone,
    login: settings.adminPassword !== undefined,
    tcp_port: settings.tcpPort,
  };
  const liveCount = new LiveCount();
  const exports = new ExportProgress();
  const hub = new StreamHub({
    about,
    status: () => ({ health: health().body, stats: stats() }),
    exports,
  });

  const openApp = async (table: SensorTable): Promise<RequestListener> => {
    const { adminPassword, apiToken, dataDir, databaseUrl, trustProxy } = settings;
    const read = clientReader(trustProxy);
    const clientOf = (request: IncomingMessage): Client => read(visitOf(request));
    const login =
      adminPassword === undefined
        ? undefined
        : await createLogin({ password: adminPassword, dataDir, clientOf, logger });
    const sinceCompleteMs = (): number | null => incompleteMs(cluster, performance.now());
    const sensorWatch = watchSensors({ table, incompleteMs: sinceCompleteMs, logger });
    releases.push(() => sensorWatch.stop());
    const rollupWatch = watchRollups({
      table: openRollups(databaseUrl),
      incompleteMs: sinceCompleteMs,
      logger,
    });
    releases.push(() => rollupWatch.stop());
    const data = openStoredData(databaseUrl);
    releases.push(() => data.close());
    const admit = accessGuard({ apiToken, trustProxy, hasSession: login?.hasSession });
    return createApp({
      admit,
      clientOf,
      login,
      about: () => about,
      stats,
      metrics: answerMetrics(
        metrics(sensorCounts({ table, databaseState: () => databaseState(), logger })),
      ),
      stream: streamEndpoint(hub, admit),
      dashboardDir,
      page: () => statusPage(health().body, stats(), [...readings].slice(-shownReadings).reverse()),
      stored: storedRoutes({
        data,
        sensors: table,
        databaseState: () => databaseState(),
        memory: () => readings,
        openExport: (question) => openCsvExport(databaseUrl, question),
        progress: exports,
        version,
        logger,
        displayTimeZone: settings.displayTimeZone,
        sensorTimeZone: settings.sensorTimeZone,
      }),
      logger,
    });
  };

  // The live view is no reason to fall over: without it health would not be answered.
  const takeLive = (message: LiveRows): void => {
    try {
      const came = decodeRows(message.rows);
      readings.add(came);
      hub.publish(came, liveCount.missed(message, came.length));
    } catch (error) {
      logger.error(`Live readings could not be read: ${describeError(error)}`);
    }
  };

  return {
    async start(sockets) {
      const handle = sockets.get('http');
      if (handle === undefined) throw new Error('The supervisor sent no socket for HTTP.');
      const fill = fillOnce(readings, settings, logger);
      const watch = watchDatabase(createDatabaseProbe(settings.databaseUrl), logger, () => {
        fill();
        jobs?.databaseAnswered();
      });
      releases.push(() => watch.stop());
      databaseState = () => watch.state();

      const table = openSensorTable(settings.databaseUrl, () =>
        incompleteMs(cluster, performance.now()),
      );
      const app = await openApp(table);
      const server = await serveHttp(handle, (request, response) => {
        if (isHealthUrl(request.url)) answerHealth(request, response, health);
        else app(request, response);
      });
      releases.push(() => server.close());
      // Streams never end by themselves, and the server waits for each: they go first.
      releases.push(() => hub.close());
      cutConnections = () => server.cut();
      const clusterNow = (): ClusterReport | null => cluster;
      const parts = { settings, health, stats, cluster: clusterNow, sensors: table, logger };
      const alerts = await startAlerts(parts);
      releases.push(() => alerts.stop());
      logger.listening(`HTTP server listening on port ${server.port}`);
      const schedule = startJobs({
        settings,
        isConnected: () => databaseState().connected === true,
        incompleteMs: () => incompleteMs(cluster, performance.now()),
        logger,
      });
      releases.push(() => schedule.stop());
      jobs = schedule;
    },
    async stop(deadlineMs) {
      const timer = setTimeout(() => cutConnections(), Math.max(0, deadlineMs - cutMarginMs));
      await releases.release();
      clearTimeout(timer);
    },
    snapshot: () => null,
    receive(message) {
      switch (message.type) {
        case 'cluster':
          cluster = nextReport(cluster, message.state, performance.now());
          // Asked although nobody wants the answer, so that a change is dated when it happens.
          health();
          hub.review();
          break;
        case 'gateways':
          gateways = withReport(gateways, message, performance.now());
          gatewaySeries.take(message, performance.now());
          break;
        case 'live':
          takeLive(message);
          break;
        default:
          message satisfies never;
      }
    },
  };
}

/**
 * Fills the memory from the database, once: called whenever the database has answered, it does
 * nothing while a try is under way or after one has succeeded.
 */
function fillOnce(
  readings: RecentReadings,
  { databaseUrl, memoryReadings }: ApiParts['settings'],
  logger: Logger,
): () => void {
  let wanted = memoryReadings > 0;
  return () => {
    if (!wanted) return;
    wanted = false;
    newestReadings(databaseUrl, memoryReadings).then(
      (stored) => readings.addOlder(stored),
      (error: unknown) => {
        wanted = true;
        logger.debug(`The newest readings could not be loaded yet: ${describeError(error)}`);
      },
    );
  };
}
