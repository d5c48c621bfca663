/** `/api/export/csv` and its estimate, on a real Postgres that the drain fills. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRollups } from '@zdenergy/storage';
import { parseAnswer, request, runApi, type RunningApi } from './running-api.js';
import { soon, StreamFollower } from './stream-follower.js';
import { storeReadings, type Reading, type StoredReadings } from './stored-readings.js';

const second = 1_000;
const hour = 3_600 * second;
const day = 24 * hour;
const header = 'Timestamp,Temperature (°C),Humidity (%),Lux,Irradiance (W/m²),Sensor';

let stored: StoredReadings;
let api: RunningApi;

/** In the night of 26 October 2025 the clocks of Berlin show the hour from 2 to 3 twice. */
const dst = Date.UTC(2025, 9, 25, 22);
const receivedAtMs = Date.now() - day;
const night: Reading[] = Array.from({ length: 26 }, (_, n) => ({
  sensorId: n % 2 === 0 ? 'even' : 'odd',
  timeMs: dst - hour / 2 + n * hour + 999,
  receivedAtMs,
  temperature: -12.345 + n,
}));
const ids = ['=1+1', '+cmd', '-x', '@x', '\tx', '\rx', '-12.5', '+7', 'a,"b"', 'plain'];
const cells = [
  "'=1+1",
  "'+cmd",
  "'-x",
  "'@x",
  "'\tx",
  '"\'\rx"',
  '-12.5',
  '+7',
  '"a,""b"""',
  'plain',
];
const formulas: Reading[] = ids.map((sensorId, n) => ({
  sensorId,
  timeMs: Date.UTC(2025, 5, 1) + n * second,
  receivedAtMs,
  temperature: 2.675,
}));
const many: Reading[] = Array.from({ length: 200_000 }, (_, n) => ({
  sensorId: `m-${n % 100}`,
  timeMs: Date.UTC(2025, 6, 1) + Math.floor(n / 100) * 60 * second,
  receivedAtMs,
}));

beforeAll(async () => {
  stored = await storeReadings();
  api = await runApi({ DATABASE_URL: stored.databaseUrl, DISPLAY_TIMEZONE: 'Europe/Berlin' });
  await stored.add([...night, ...formulas]);
}, 60_000);
afterAll(async () => {
  await api.stop(1_000);
  await stored.stop();
});

/** Backends that send rows; asked of the system: what we think of our sessions proves nothing. */
const exporting = (): number => stored.backends().filter((title) => / COPY/.test(title)).length;

/** The header line, the lines of rows, and what the answer says of itself. */
async function csv(query: string) {
  const answer = parseAnswer(await request(api.port, `GET /api/export/csv${query}`));
  const body = answer.body.replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '').replace(/\r\n$/, '');
  const [first = '', ...lines] = body.split('\n');
  return { ...answer, first, lines: lines.filter((line) => line.trim() !== '') };
}

async function estimate(query: string): Promise<Record<string, unknown>> {
  const { body } = parseAnswer(await request(api.port, `GET /api/export/estimate${query}`));
  return JSON.parse(body) as Record<string, unknown>;
}

it('comes whole, and as it is, to a browser that would take it compressed', async () => {
  const accepting = ['Accept-Encoding: gzip, deflate, br'];
  const line = 'GET /api/export/csv?start_date=2025-10-26';
  const { status, headers, body } = parseAnswer(await request(api.port, line, accepting));
  expect(status).toBe(200);
  expect(headers).not.toHaveProperty('content-encoding');
  expect(body).toContain(header);
  // The last chunk of an answer that was not broken off.
  expect(body).toMatch(/\r\n0\r\n\r\n$/);
});

it('has a day of 25 hours in the local time, oldest first', async () => {
  const { headers, first, lines } = await csv('?start_date=2025-10-26');
  expect(headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': 'attachment; filename="sensor_data_2025-10-26.csv"',
    'cache-control': 'no-store',
  });
  expect(first).toBe(header);
  expect(lines).toHaveLength(25);
  expect(lines[0]).toBe('2025-10-26 00:30:00,-11.35,,,,odd');
  expect(lines.slice(2, 4)).toEqual([
    '2025-10-26 02:30:00,-9.35,,,,odd',
    '2025-10-26 02:30:00,-8.35,,,,even',
  ]);
  expect(lines[24]).toMatch(/^2025-10-26 23:30:00,/);
});

it('begins with a mark for spreadsheets when asked to, and otherwise with the header', async () => {
  expect((await csv('?start_date=2025-10-26&bom=true')).first).toBe(`\uFEFF${header}`);
  expect((await csv('?start_date=2025-10-26&bom=false')).first).toBe(header);
});

it('defuses texts that a spreadsheet would run, and no numbers', async () => {
  const { headers, lines } = await csv('?start_date=2025-06-01&end_date=2025-06-02');
  expect(headers['content-disposition']).toContain('sensor_data_2025-06-01_to_2025-06-02.csv');
  expect(lines).toEqual(
    cells.map((cell, n) => `2025-06-01 02:00:${String(n).padStart(2, '0')},2.68,,,,${cell}`),
  );
});

it('gives one sensor, everything, or the last day, and estimates each', async () => {
  expect((await csv('?all=true&sensor_id=odd')).lines).toHaveLength(13);
  const all = await csv('?all=true');
  expect(all.headers['content-disposition']).toContain('sensor_data_all.csv');
  expect(all.lines).toHaveLength(night.length + formulas.length);
  const last = await csv('');
  expect(last.headers['content-disposition']).toContain('sensor_data_last_24h.csv');
  expect(last.lines).toEqual([]);
  expect(await estimate('?all=true&sensor_id=odd')).toEqual({
    rows: 13,
    bytes: expect.any(Number),
    filename: 'sensor_data_all.csv',
  });
});

it('is in order over all its pieces, and leaves no backend when the client leaves', async () => {
  await stored.add(many);
  const rollups = openRollups(stored.databaseUrl);
  await rollups.look(Date.now() - hour, 60 * day);
  const { lines } = await csv('?start_date=2025-07-01&end_date=2025-07-31');
  expect(lines).toHaveLength(many.length);
  expect(lines.map((line) => line.slice(0, 19))).toEqual(
    lines.map((line) => line.slice(0, 19)).sort(),
  );
  expect(await estimate('?start_date=2025-07-01&end_date=2025-07-31')).toMatchObject({
    rows: many.length,
  });

  const socket = await beginExport();
  await soon(() => expect(exporting()).toBe(1));
  socket.destroy();
  await noExportsLeft();
  await rollups.close();
}, 60_000);

/** The client of an export that has begun, and takes nothing more. */
async function beginExport(query = ''): Promise<net.Socket> {
  const socket = net.connect(api.port, '127.0.0.1');
  socket.on('error', () => undefined);
  const line = `GET /api/export/csv?all=true${query} HTTP/1.1`;
  socket.write(`${line}\r\nHost: 127.0.0.1:${api.port}\r\n\r\n`);
  await new Promise((started) => socket.once('data', started));
  socket.pause();
  return socket;
}

async function noExportsLeft(): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (exporting() > 0 && performance.now() < deadline) {
    await sleep(50);
  }
  expect(exporting()).toBe(0);
}

it('refuses a fifth at the same time, and says when to come again', async () => {
  const running = [await beginExport(), await beginExport(), await beginExport()];
  running.push(await beginExport());
  const refused = parseAnswer(await request(api.port, 'GET /api/export/csv?all=true'));
  expect(refused.status).toBe(503);
  expect(refused.headers).toMatchObject({ 'retry-after': '10' });
  expect(JSON.parse(refused.body)).toEqual({
    error: expect.stringMatching('4 exports run already'),
  });
  for (const socket of running) socket.destroy();
  await noExportsLeft();
  expect((await csv('?all=true')).status).toBe(200);
});

it('tells the stream how far it has come, and that its client has left', async () => {
  const follower = await StreamFollower.follow(api.port, '?export_id=mine');
  const steps = () => follower.named('export');
  const { lines } = await csv('?all=true&export_id=mine');
  await csv('?all=true&export_id=another');
  await soon(() => expect(steps().at(-1)).toMatchObject({ export_id: 'mine', done: true }));
  expect(steps().at(-1)).toMatchObject({ rows: lines.length, error: null });
  const rows = steps().map((step) => Number(step['rows']));
  expect(rows.length).toBeGreaterThan(1);
  expect(rows).toEqual(rows.toSorted((a, b) => a - b));
  (await beginExport('&export_id=mine')).destroy();
  await soon(() => expect(steps().at(-1)).toMatchObject({ error: 'The client has left.' }));
  follower.stop();
});

it.each([
  ['start_date=1', 'start_date'],
  ['end_date=2025-01-01', 'start_date'],
  ['start_date=2025-01-02&end_date=2025-01-01', 'end_date'],
  ['all=yes', 'all'],
  ['bom=1', 'bom'],
  ['all=true&start_date=2025-01-01', 'all'],
  ['sensor_id=', 'sensor_id'],
  ['export_id=a%20b', 'export_id'],
])('refuses %s by name', async (query, name) => {
  const answer = parseAnswer(await request(api.port, `GET /api/export/csv?${query}`));
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body)).toEqual({ error: expect.stringMatching(`^${name}: expected `) });
});

it('says at once that the database is away', async () => {
  const away = await runApi();
  await away.logged('Waiting for the database');
  for (const path of ['export/csv', 'export/estimate', 'dates']) {
    const answer = parseAnswer(await request(away.port, `GET /api/${path}`));
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toEqual({ error: expect.stringMatching('^The database is') });
  }
  await away.stop(1_000);
});

it('leaves nothing behind on the answer, however many pieces it has', async () => {
  const { length } = (await csv('?all=true')).lines;
  await stored.add([{ sensorId: 'old', timeMs: Date.UTC(2023, 0, 1), receivedAtMs }]);
  const warnings: Error[] = [];
  const note = (warning: Error): number => warnings.push(warning);
  process.on('warning', note);
  // Of almost three years: a piece is a month at the most.
  const { lines } = await csv('?all=true');
  await sleep(50);
  process.off('warning', note);
  expect(lines).toHaveLength(length + 1);
  expect(warnings).toEqual([]);
});
