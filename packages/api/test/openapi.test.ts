/** `/api/openapi.json` is OpenAPI 3.1, and what is answered keeps to it. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { clusterState } from './cluster.js';
import { parseAnswer, request, runApi, type RunningApi } from './running-api.js';
import { storeReadings, type StoredReadings } from './stored-readings.js';

let stored: StoredReadings;
let api: RunningApi;

beforeAll(async () => {
  stored = await storeReadings();
  api = await runApi({ DATABASE_URL: stored.databaseUrl });

  const nowMs = Date.now();
  await stored.add(
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((n) => ({
      sensorId: 'a',
      timeMs: nowMs - n * 60_000,
      receivedAtMs: nowMs,
      ...(n > 3 && { temperature: n }),
    })),
  );
}, 60_000);
afterAll(async () => {
  await api.stop(1_000);
  await stored.stop();
});

/** From the TCP worker of `clusterState`. */
const gatewaysSeen: Parameters<RunningApi['receive']>[0] = {
  type: 'gateways',
  worker: 'ingest-1',
  pid: 4_001,
  report: {
    total: 1,
    newest: [
      { address: 'a', open: 1, opened: 2, idleMs: 1_000, bytes: 100, readings: 10, rejected: 1 },
    ],
  },
};

async function ask(path: string): Promise<unknown> {
  return JSON.parse(parseAnswer(await request(api.port, `GET ${path}`)).body);
}

it('is valid', async () => {
  const description = (await ask('/api/openapi.json')) as Record<string, unknown>;
  expect(await new Validator().validate(description)).toMatchObject({ valid: true });
});

it.each([
  ['Readings', '/api/data?window=60'],
  ['Readings', '/api/data'],
  ['Dates', '/api/dates'],
  ['Dates', '/api/dates?sensor_id=nobody'],
  ['History', '/api/history?sensor_id=a&from=0&to=9999999999'],
  ['History', '/api/history?sensor_id=a&from=0&to=9999999999&points=10'],
  ['Estimate', '/api/export/estimate'],
  ['Sensors', '/api/sensors'],
  ['Stats', '/api/stats'],
  ['Health', '/api/health'],
  ['About', '/api/about'],
  ['Error', '/api/data?limit=x'],
])('describes as %s what %s answers', async (schema, path) => {
  const { components } = (await ask('/api/openapi.json')) as { components: object };
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const validate = ajv.compile({ components, $ref: `#/components/schemas/${schema}` });
  validate(await ask(path));
  expect(validate.errors).toBeNull();
  // And again once there is something to report.
  api.receive({ type: 'cluster', state: clusterState() });
  api.receive(gatewaysSeen);
  validate(await ask(path));
  expect(validate.errors).toBeNull();
});
