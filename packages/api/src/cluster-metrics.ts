/**
 * What `/metrics` says: the families of the whole cluster, from the supervisor's latest report.
 *
 * What always holds:
 * - What a process counts since its start has that process as a label: it starts again alone, and of
 *   a sum Prometheus could not tell. The ledger, which outlives them all, has none.
 * - The number of series depends on the number of workers, and of gateways up to a limit; never on
 *   the number of sensors.
 * - What is not known now is left out.
 */
import type { SensorPage } from '@zdenergy/storage';
import { ingestWorkers, type ClusterReport } from './cluster-report.js';
import { gatewayFamilies } from './gateway-metrics.js';
import type { GatewaySeen } from './gateway-series.js';
import type { HealthBody, HealthStatus } from './health.js';
import type { LedgerCounts } from './ledger-counters.js';
import { counter, flag, gauge, sample, type MetricFamily, type Sample } from './metric-family.js';
import { processFamilies } from './process-metrics.js';
import type { Stats } from './stats.js';
import { tcpFamilies } from './tcp-metrics.js';

export interface MetricsInput {
  readonly cluster: ClusterReport | null;
  readonly health: HealthBody;
  readonly stats: Stats;
  readonly ledger: LedgerCounts;
  readonly gateways: readonly GatewaySeen[];
  /** Null: not known. */
  readonly sensors: SensorPage['counts'] | null;
  readonly nowMs: number;
}

export function clusterMetrics(input: MetricsInput): MetricFamily[] {
  const { cluster, nowMs } = input;
  const ageMs = cluster === null ? 0 : nowMs - cluster.receivedAtMs;
  const tcpWorkers = ingestWorkers(cluster?.state);
  return [
    ...overall(input, cluster === null ? [] : [sample(ageMs / 1_000)]),
    ...ledgerFamilies(input.ledger),
    ...tcpFamilies(tcpWorkers, ageMs),
    ...hourFamilies(input.stats),
    ...processFamilies(cluster, ageMs),
    ...gatewayFamilies(input.gateways),
  ];
}

const statuses = ['ok', 'warning', 'error'] as const satisfies readonly HealthStatus[];

function overall(
  { health, sensors, stats }: MetricsInput,
  reportAge: readonly Sample[],
): MetricFamily[] {
  const { journal, tcp_server, uptime_seconds } = health;
  const ifKnown = (value: number | null | undefined): Sample[] =>
    value === null || value === undefined ? [] : [sample(value)];
  return [
    gauge('zdenergy_build_info', 'Always 1; the version that runs', [
      sample(1, { version: health.version }),
    ]),
    gauge(
      'zdenergy_health_status',
      'What /api/health says: 1 for the status that it is, 0 for the others',
      statuses.map((status) => flag(status === health.status, { status })),
    ),
    gauge('zdenergy_uptime_seconds', 'Since zdenergy was started', ifKnown(uptime_seconds)),
    gauge(
      'zdenergy_supervisor_report_age_seconds',
      'Since the supervisor last said how everything is',
      reportAge,
    ),
    gauge('zdenergy_database_up', 'Whether Postgres answers', [flag(health.database.connected)]),
    gauge(
      'zdenergy_disk_free_bytes',
      'Free on the disk of DATA_DIR',
      ifKnown(journal?.disk_free_bytes),
    ),
    gauge(
      'zdenergy_disk_size_bytes',
      'Size of the disk of DATA_DIR',
      ifKnown(journal?.disk_total_bytes),
    ),
    gauge(
      'zdenergy_tcp_idle_seconds',
      'Since a gateway last connected or sent something',
      ifKnown(tcp_server.seconds_since_activity),
    ),
    gauge('zdenergy_memory_readings', 'Readings held in memory for the live view', [
      sample(health.memory_readings_count),
    ]),
    gauge(
      'zdenergy_gateways',
      'Addresses of gateways that are known since the TCP workers were started',
      ifKnown(stats.tcp?.gateways_total),
    ),
    gauge(
      'zdenergy_sensors',
      'Sensors by whether they still report, as the database said in the last two minutes',
      Object.entries(sensors ?? {}).map(([status, count]) => sample(count, { status })),
    ),
  ];
}

const ledgerTexts = {
  received: 'received: durable in the journal',
  stored: 'stored in Postgres',
  duplicates: 'found to be stored already',
  rejected: 'rejected, in rejected_readings',
} as const;

function ledgerFamilies(ledger: LedgerCounts): MetricFamily[] {
  const ifKnown = (count: number | undefined): Sample[] =>
    count === undefined ? [] : [sample(count)];
  const since = 'since the data directory was made';
  return [
    ...(['received', 'stored', 'duplicates', 'rejected'] as const).map((key) =>
      counter(
        `zdenergy_readings_${key}_total`,
        `Readings ${ledgerTexts[key]}, ${since}`,
        ifKnown(ledger[key]),
      ),
    ),
    gauge(
      'zdenergy_readings_pending',
      'Readings in the journal that are not in Postgres yet',
      ifKnown(ledger.pending),
    ),
  ];
}

/** The last hour that is over; of the one before, Prometheus asks itself. */
function hourFamilies({ tcp }: Stats): MetricFamily[] {
  return (['opened', 'closed'] as const).map((key) => {
    const count = tcp?.per_hour[key].at(-2);
    return gauge(
      `zdenergy_connections_${key}_last_hour`,
      `Connections ${key} in the last full hour of the clock`,
      count === undefined ? [] : [sample(count)],
    );
  });
}
