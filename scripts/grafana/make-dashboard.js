/**
 * Makes the dashboard for Grafana: `npm run dashboard` writes dashboards/zdenergy.json, and
 * `npm run dashboard -- --check` says whether that file is what would be written.
 *
 * What always holds: the same source makes the same file, byte for byte.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
  VisibilityMode,
} = require('@grafana/grafana-foundation-sdk/common');
const {
  DashboardBuilder,
  DashboardCursorSync,
  MappingType,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} = require('@grafana/grafana-foundation-sdk/dashboard');
const { DataqueryBuilder } = require('@grafana/grafana-foundation-sdk/prometheus');
const stat = require('@grafana/grafana-foundation-sdk/stat');
const statetimeline = require('@grafana/grafana-foundation-sdk/statetimeline');
const timeseries = require('@grafana/grafana-foundation-sdk/timeseries');
const { sensorQuery } = require('./sensor-query.js');

const file = path.join(__dirname, 'dashboards', 'zdenergy.json');

/** As provisioning/datasources/zdenergy.yml names them. */
const prometheus = { type: 'prometheus', uid: 'zdenergy-prometheus' };
const postgres = { type: 'grafana-postgresql-datasource', uid: 'zdenergy-postgres' };

/** Of Grafana's grid, which is 24 wide. */
const [smallWidth, smallHeight] = [4, 4];
const [halfWidth, thirdWidth, chartHeight] = [12, 8, 8];

const promql = (expr, legend = '') =>
  new DataqueryBuilder().datasource(prometheus).expr(expr).legendFormat(legend);

/** A query in SQL, for which the SDK has no builder of its own. */
const sql = (rawSql) => ({
  build: () => ({
    refId: 'A',
    datasource: postgres,
    format: 'time_series',
    rawQuery: true,
    editorMode: 'code',
    rawSql,
  }),
});

function withQueries(panel, queries) {
  for (const [index, query] of queries.entries()) {
    panel.withTarget(query.refId(String.fromCharCode('A'.charCodeAt(0) + index)));
  }
  return panel;
}

/** One number, large. */
const figure = (title, unit, query) =>
  withQueries(
    new stat.PanelBuilder()
      .title(title)
      .datasource(prometheus)
      .unit(unit)
      .colorMode(BigValueColorMode.None)
      .graphMode(BigValueGraphMode.Area)
      .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
      .span(smallWidth)
      .height(smallHeight),
    [query],
  );

const chart = (title, unit, queries, description = '') =>
  withQueries(
    new timeseries.PanelBuilder()
      .title(title)
      .description(description)
      .datasource(prometheus)
      .unit(unit)
      .min(0)
      .fillOpacity(8)
      .showPoints(VisibilityMode.Never)
      .span(thirdWidth)
      .height(chartHeight),
    queries,
  );

const sensorChart = (title, unit, column) =>
  new timeseries.PanelBuilder()
    .title(title)
    .datasource(postgres)
    .unit(unit)
    .showPoints(VisibilityMode.Auto)
    .span(thirdWidth)
    .height(chartHeight + 2)
    .withTarget(sql(sensorQuery(column)));

const quantiles = (metric) =>
  [0.5, 0.95, 0.99].map((share) =>
    promql(
      `histogram_quantile(${share}, sum by (le) (rate(${metric}_bucket[$__rate_interval])))`,
      `${share * 100} % within`,
    ),
  );

const health = () =>
  withQueries(
    new statetimeline.PanelBuilder()
      .title('Health')
      .datasource(prometheus)
      .mappings([
        {
          type: MappingType.ValueToText,
          options: {
            0: { text: 'ok', color: 'green', index: 0 },
            1: { text: 'warning', color: 'orange', index: 1 },
            2: { text: 'error', color: 'red', index: 2 },
          },
        },
      ])
      .span(halfWidth)
      .height(smallHeight),
    [
      promql(
        'zdenergy_health_status{status="warning"} + ignoring(status) 2 * zdenergy_health_status{status="error"}',
        'health',
      ),
    ],
  );

const healthNow = () =>
  figure('Health now', 'none', promql('zdenergy_health_status == 1', '{{status}}').instant())
    .textMode(BigValueTextMode.Name)
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .overrideByName('ok', [fixedColour('green')])
    .overrideByName('warning', [fixedColour('orange')])
    .overrideByName('error', [fixedColour('red')]);

const fixedColour = (fixedColor) => ({ id: 'color', value: { mode: 'fixed', fixedColor } });

const sensor = () =>
  new QueryVariableBuilder('sensor')
    .label('Sensor')
    .datasource(postgres)
    .query('SELECT sensor_id FROM sensors ORDER BY received_at DESC LIMIT 1000')
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(false);

const panels = [
  new RowBuilder('Now'),
  healthNow(),
  health(),
  figure('Connections open', 'none', promql('sum(zdenergy_connections_open)')),
  figure('Since a gateway last sent', 's', promql('zdenergy_tcp_idle_seconds')),

  new RowBuilder('Readings'),
  chart('Readings per second', 'cps', [
    promql('rate(zdenergy_readings_received_total[$__rate_interval])', 'received'),
    promql('rate(zdenergy_readings_stored_total[$__rate_interval])', 'stored'),
    promql('rate(zdenergy_readings_duplicates_total[$__rate_interval])', 'duplicates'),
    promql('rate(zdenergy_readings_rejected_total[$__rate_interval])', 'rejected'),
  ]),
  chart('Waiting to be stored', 'short', [promql('zdenergy_readings_pending', 'readings')]),
  chart('The oldest waits for', 's', [
    promql('max(zdenergy_journal_oldest_pending_seconds)', 'oldest reading'),
  ]),
  chart(
    'From receipt to commit',
    's',
    quantiles('zdenergy_receipt_to_commit_seconds'),
    'How long readings take from the gateway into Postgres.',
  ),
  chart('Rejected per minute, by reason', 'short', [
    promql(
      'sum by (reason) (rate(zdenergy_rejects_total[$__rate_interval])) * 60 > 0',
      '{{reason}}',
    ),
  ]),
  chart('Sensors', 'short', [promql('zdenergy_sensors', '{{status}}')]),

  new RowBuilder('Connections'),
  chart('Connections', 'short', [
    promql('sum(zdenergy_connections_open)', 'open'),
    promql('sum(increase(zdenergy_connections_opened_total[1h]))', 'opened in the last hour'),
    promql('sum(increase(zdenergy_connections_closed_total[1h]))', 'closed in the last hour'),
    promql('sum(increase(zdenergy_connections_refused_total[1h]))', 'refused in the last hour'),
    promql('sum(increase(zdenergy_connections_timed_out_total[1h]))', 'timed out in the last hour'),
  ]),
  chart('Bytes received', 'Bps', [
    promql('sum(rate(zdenergy_tcp_received_bytes_total[$__rate_interval]))', 'received'),
  ]),
  chart(
    'Readings per second of the busiest gateways',
    'cps',
    [
      promql(
        'topk(10, sum by (gateway) (rate(zdenergy_gateway_readings_total[$__rate_interval])))',
        '{{gateway}}',
      ),
    ],
    'Of each worker, at most 200 gateways are known here.',
  ),

  new RowBuilder('Processes'),
  chart('Running', 'bool_yes_no', [promql('zdenergy_worker_up', '{{worker}}')]).max(1),
  chart('Restarts in the last hour', 'short', [
    promql('increase(zdenergy_worker_restarts_total[1h])', '{{worker}}'),
  ]),
  chart('Event loop late by', 's', [promql('zdenergy_worker_loop_delay_seconds', '{{worker}}')]),
  chart('Memory', 'bytes', [promql('zdenergy_worker_resident_memory_bytes', '{{worker}}')]),
  chart('CPU', 'percentunit', [
    promql('rate(zdenergy_worker_cpu_seconds_total[$__rate_interval])', '{{worker}}'),
  ]),

  new RowBuilder('Database and disk'),
  chart('A batch in Postgres', 's', quantiles('zdenergy_database_batch_seconds')),
  chart('Database up', 'bool_yes_no', [promql('zdenergy_database_up', 'Postgres')]).max(1),
  chart('Journal', 'bytes', [promql('zdenergy_journal_bytes', '{{worker}}')]),
  chart('Disk free', 'percentunit', [
    promql('zdenergy_disk_free_bytes / zdenergy_disk_size_bytes', 'of DATA_DIR'),
  ]).max(1),

  new RowBuilder('Sensors'),
  sensorChart('Temperature', 'celsius', 'temperature'),
  sensorChart('Humidity', 'humidity', 'humidity'),
  sensorChart('Light', 'lux', 'lux'),
];

function makeDashboard() {
  const dashboard = new DashboardBuilder('zdenergy')
    .uid('zdenergy')
    .tags(['zdenergy'])
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(sensor());
  for (const panel of panels) {
    if (panel instanceof RowBuilder) dashboard.withRow(panel);
    else dashboard.withPanel(panel);
  }
  const built = dashboard.build();
  for (const [index, panel] of built.panels.entries()) panel.id = index + 1;
  return `${JSON.stringify(built, null, 2)}\n`;
}

const made = makeDashboard();
if (!process.argv.includes('--check')) {
  fs.writeFileSync(file, made);
} else if (fs.readFileSync(file, 'utf8') !== made) {
  process.stderr.write(`${file} is out of date: npm run dashboard\n`);
  process.exitCode = 1;
}
