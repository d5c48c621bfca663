/**
 * Alerts as the API worker runs them, on a real Postgres, a real disk and a real receiver; only what
 * takes minutes is made short.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases, type Running } from '@zdenergy/core';
import { openSensorTable, type SensorTable } from '@zdenergy/storage';
import { watchAlerts } from '../src/alerts/alert-watch.js';
import { webhookChannel } from '../src/alerts/webhook.js';
import { nextReport, type ClusterReport } from '../src/cluster-report.js';
import { healthReport } from '../src/health.js';
import { clusterState, ingestSnapshot, tcpWorker } from './cluster.js';
import { fileLogger } from './file-logger.js';
import { startReceiver, type Receiver } from './receiver.js';
import { storeReadings, type StoredReadings } from './stored-readings.js';

const minute = 60_000;
const day = 24 * 60 * minute;
/** Several looks, and groups that would have been made. */
const quietMs = 2_500;
/** On a busy machine. */
const withinMs = 60_000;
const times = { hearMs: 1_000, minGroupMs: 800, sensorLookMs: 100 };

const releases = new Releases();
afterAll(() => releases.release());

interface Alert {
  readonly id: string;
  readonly event: string;
  readonly text: string;
  readonly sensors_count: number;
  readonly sensors: readonly { readonly sensor_id: string }[];
}

let receiver: Receiver;
let stored: StoredReadings;
let table: SensorTable;
let directory: string;
/** Whether the TCP worker serves. */
let isServing = true;

const cluster = (): ClusterReport => {
  const well = tcpWorker({ ingest: ingestSnapshot({ idleMs: 0 }), uptimeMs: day });
  const worker = isServing ? well : { ...well, status: 'restarting' as const };
  return nextReport(null, clusterState([worker], day), performance.now());
};

function start(): Running {
  const watch = watchAlerts({
    settings: { dataDir: directory, displayTimeZone: 'UTC', alertRepeatMs: 60 * minute },
    host: 'farm-1',
    channels: [webhookChannel(receiver.url, 'farm-1')],
    // How health is told has its own tests: here it is well.
    health: () =>
      healthReport(
        {
          cluster: nextReport(null, clusterState(), performance.now()),
          database: { connected: true, problem: null },
          memoryReadings: 0,
          staleAfterMs: day,
          version: '0',
        },
        { monotonicMs: performance.now(), wallMs: Date.now() },
      ),
    cluster,
    sensors: table,
    logger: fileLogger().logger,
    times,
  });
  releases.push(() => watch.stop());
  return watch;
}

/** Stores a reading of each sensor, received some minutes ago, and brings the table up to date. */
async function receive(ids: readonly string[], minutesAgo: number): Promise<void> {
  const receivedAtMs = Date.now() - minutesAgo * minute;
  await stored.add(ids.map((sensorId) => ({ sensorId, timeMs: receivedAtMs, receivedAtMs })));
  // Back to before them, since looks take in what came after the last one.
  await table.look(receivedAtMs - 1_000, 40 * day);
  await catchUp();
}
const catchUp = async (): Promise<unknown> => table.look(Date.now() - 500, 40 * day);

const alerts = (): Alert[] => receiver.requests.map(({ body }) => JSON.parse(body) as Alert);

async function told(count: number): Promise<Alert> {
  const deadline = performance.now() + 45_000;
  while (alerts().length < count) {
    // As the watch of the sensors does it, so that the table does not fall behind.
    await catchUp();
    if (performance.now() > deadline) throw new Error(`${alerts().length} of ${count} were told`);
    await sleep(200);
  }
  return alerts()[count - 1];
}

beforeAll(async () => {
  receiver = await startReceiver(releases);
  directory = mkdtempSync(join(tmpdir(), 'zdenergy-alerts-'));
  releases.push(() => rmSync(directory, { recursive: true, force: true }));
  stored = await storeReadings();
  releases.push(() => stored.stop());
  table = openSensorTable(stored.databaseUrl);
  releases.push(() => table.close());
}, 60_000);

const site = Array.from({ length: 50 }, (_, n) => `sensor-${String(n).padStart(2, '0')}`);

it(
  'tells of a site that went dark in one message, through a restart in one, and when it is back',
  async () => {
    await receive(site, 20);
    const first = start();
    const dark = await told(1);
    expect(dark).toMatchObject({ event: 'sensors_silent', sensors_count: 50 });
    expect(dark.text).toContain('50 sensors are silent');
    expect(dark.text).toContain('and 40 more');
    expect(dark.text).toMatch(/\(2\d min( \d+ s)? ago\)/);
    await first.stop();
    const second = start();
    await sleep(quietMs);
    expect(alerts()).toHaveLength(1);
    await receive(site.slice(0, 30), 0);
    // A reading counts once everything of its time is there.
    await sleep(600);
    await catchUp();
    const back = await told(2);
    expect(back).toMatchObject({ event: 'sensors_back', sensors_count: 30 });
    expect(back.text).toContain('In all, 20 sensors are silent now.');
    expect(back.sensors.map(({ sensor_id }) => sensor_id)).toEqual(site.slice(0, 30));
    await second.stop();
  },
  withinMs,
);

it(
  'judges nobody while the TCP worker is away, the table is behind or the database is away',
  async () => {
    const before = alerts().length;
    isServing = false;
    const watch = start();
    await receive(['late-1', 'late-2'], 30);
    await sleep(quietMs);
    expect(alerts()).toHaveLength(before);
    // As when a backlog is being taken in.
    await table.look(Date.now() - 5 * minute, 40 * day);
    isServing = true;
    await sleep(quietMs);
    expect(alerts()).toHaveLength(before);
    await catchUp();
    expect(await told(before + 1)).toMatchObject({ event: 'sensors_silent', sensors_count: 2 });
    await stored.stopPostgres();
    await sleep(quietMs);
    expect(alerts()).toHaveLength(before + 1);
    await watch.stop();
  },
  withinMs,
);
