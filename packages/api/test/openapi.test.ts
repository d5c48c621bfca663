/** `/api/openapi.json` is OpenAPI 3.1, and what is answered keeps to it. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
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
  ['Error', '/api/data?limit=x'],
])('describes as %s what %s answers', async (schema, path) => {
  const { components } = (await ask('/api/openapi.json')) as { components: object };
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const validate = ajv.compile({ components, $ref: `#/components/schemas/${schema}` });
  validate(await ask(path));
  expect(validate.errors).toBeNull();
});
