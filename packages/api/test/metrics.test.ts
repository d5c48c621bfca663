/** `/metrics` of the real API worker, as the text that Prometheus reads. */
import {
  apiWorkerState,
  clusterState,
  ingestSnapshot,
  processState,
  rejectCounts,
  tcpWorker,
} from './cluster.js';
import { parseAnswer, request, runApi, type Answer, type RunningApi } from './running-api.js';

const apiToken = 'a-token-of-some-length';
let api: RunningApi;

beforeEach(async () => {
  api = await runApi({ API_TOKEN: apiToken });
});
afterEach(() => api.stop(1_000));

async function ask(headers?: readonly string[]): Promise<Answer> {
  return parseAnswer(await request(api.port, 'GET /metrics', headers));
}

/** The samples of the text, by name and labels. */
async function samples(): Promise<ReadonlyMap<string, number>> {
  const { body } = await ask();
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

const gatewaysOf = (count: number): Parameters<RunningApi['receive']>[0] => ({
  type: 'gateways',
  worker: 'ingest-1',
  pid: 4_001,
  report: {
    total: count,
    newest: Array.from({ length: count }, (_, n) => ({
      address: `2001:db8::${n.toString(16)}`,
      open: 1,
      opened: 2,
      idleMs: 1_000,
      bytes: 100,
      readings: 10,
      rejected: 1,
    })),
  },
});

it('lets in who may ask for statistics, and nobody else', async () => {
  const stranger = ['X-Forwarded-For: 203.0.113.9'];
  expect((await ask(stranger)).status).toBe(403);
  const answer = await ask([...stranger, `Authorization: Bearer ${apiToken}`]);
  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    'cache-control': 'no-store',
    'content-length': String(Buffer.byteLength(answer.body)),
  });
  const head = parseAnswer(await request(api.port, 'HEAD /metrics'));
  expect(head).toMatchObject({ status: 200, body: '' });
  expect(parseAnswer(await request(api.port, 'POST /metrics')).status).toBe(405);
});

it('claims before the first report only what it knows', async () => {
  expect([...(await samples()).keys()]).toEqual([
    'zdenergy_build_info{version="1.2.3"}',
    'zdenergy_health_status{status="ok"}',
    'zdenergy_health_status{status="warning"}',
    'zdenergy_health_status{status="error"}',
    'zdenergy_database_up',
    'zdenergy_memory_readings',
  ]);
});

it('says what the supervisor reports', async () => {
  const first = tcpWorker({
    process: processState(250),
    ingest: ingestSnapshot({ rejects: rejectCounts({ not_json: 3, conflict: 2 }) }),
  });
  const second = tcpWorker({
    name: 'ingest-2',
    pid: null,
    status: 'restarting',
    restarts: 2,
    process: null,
  });
  api.receive({ type: 'cluster', state: clusterState([first, second, apiWorkerState()]) });
  api.receive(gatewaysOf(1));
  const known = await samples();
  const [one, two] = ['{worker="ingest-1"}', '{worker="ingest-2"}'];
  const gateway = '{worker="ingest-1",gateway="2001:db8::0"}';
  const expected: Record<string, number> = {
    zdenergy_readings_received_total: 200,
    zdenergy_readings_stored_total: 160,
    zdenergy_readings_duplicates_total: 10,
    zdenergy_readings_rejected_total: 20,
    zdenergy_readings_pending: 10,
    'zdenergy_health_status{status="ok"}': 0,
    'zdenergy_health_status{status="error"}': 1,
    [`zdenergy_connections_open${one}`]: 2,
    [`zdenergy_connections_open${two}`]: 0,
    [`zdenergy_connections_opened_total${one}`]: 10,
    [`zdenergy_connections_closed_total${two}`]: 8,
    [`zdenergy_connections_refused_total${one}`]: 1,
    [`zdenergy_connections_timed_out_total${one}`]: 3,
    [`zdenergy_tcp_received_bytes_total${one}`]: 1_000,
    zdenergy_connections_opened_last_hour: 0,
    'zdenergy_rejects_total{worker="ingest-1",reason="not_json"}': 3,
    'zdenergy_rejects_total{worker="ingest-1",reason="conflict"}': 2,
    'zdenergy_rejects_total{worker="ingest-1",reason="empty"}': 0,
    [`zdenergy_journal_bytes${one}`]: 5_000,
    [`zdenergy_journal_writable${one}`]: 1,
    zdenergy_disk_free_bytes: 50_000,
    zdenergy_disk_size_bytes: 100_000,
    'zdenergy_database_batch_seconds_bucket{le="0.1",worker="ingest-1"}': 3,
    'zdenergy_database_batch_seconds_bucket{le="1",worker="ingest-1"}': 5,
    'zdenergy_database_batch_seconds_bucket{le="+Inf",worker="ingest-1"}': 6,
    [`zdenergy_database_batch_seconds_sum${one}`]: 4.5,
    [`zdenergy_database_batch_seconds_count${one}`]: 6,
    [`zdenergy_receipt_to_commit_seconds_count${one}`]: 80,
    [`zdenergy_worker_up${one}`]: 1,
    [`zdenergy_worker_up${two}`]: 0,
    [`zdenergy_worker_restarts_total${two}`]: 2,
    [`zdenergy_worker_uptime_seconds${two}`]: 0,
    [`zdenergy_worker_loop_delay_seconds${one}`]: 0.25,
    'zdenergy_worker_loop_delay_seconds{worker="supervisor"}': 0,
    'zdenergy_worker_resident_memory_bytes{worker="api"}': 50_000_000,
    'zdenergy_worker_cpu_seconds_total{worker="api"}': 1.5,
    [`zdenergy_gateway_connections_open${gateway}`]: 1,
    [`zdenergy_gateway_connections_opened_total${gateway}`]: 2,
    [`zdenergy_gateway_received_bytes_total${gateway}`]: 100,
    [`zdenergy_gateway_readings_total${gateway}`]: 10,
    [`zdenergy_gateway_rejects_total${gateway}`]: 1,
    zdenergy_gateways: 1,
  };
  const names = Object.keys(expected);
  expect(Object.fromEntries(names.map((name) => [name, known.get(name)]))).toEqual(expected);
  expect(known.get(`zdenergy_worker_uptime_seconds${one}`)).toBeGreaterThanOrEqual(120);
  expect(known.get(`zdenergy_worker_heartbeat_age_seconds${one}`)).toBeGreaterThanOrEqual(0.5);
  expect(known.has(`zdenergy_worker_loop_delay_seconds${two}`)).toBe(false);
});

it('leaves out what a worker does not know before the database has confirmed it', async () => {
  const unsure = tcpWorker({ ingest: ingestSnapshot({ ledgerConfirmed: false }) });
  api.receive({ type: 'cluster', state: clusterState([unsure]) });
  const known = await samples();
  expect(known.get('zdenergy_readings_received_total')).toBe(100);
  expect(known.has('zdenergy_readings_stored_total')).toBe(false);
});

it('has no more series with more gateways than have a place', async () => {
  api.receive({ type: 'cluster', state: clusterState() });
  api.receive(gatewaysOf(200));
  const { size } = await samples();
  api.receive(gatewaysOf(5_000));
  expect((await samples()).size).toBe(size);
  expect((await samples()).get('zdenergy_gateways')).toBe(5_000);
});
