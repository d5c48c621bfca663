/** `/api/history`, `/api/data` and `/api/dates`, on a real Postgres that the drain fills. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openRollups, type Rollups } from '@zdenergy/storage';
import { parseAnswer, request, runApi, type RunningApi } from './running-api.js';
import { storeReadings, type Reading, type StoredReadings } from './stored-readings.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

let stored: StoredReadings;
let rollups: Rollups;
let api: RunningApi;

beforeAll(async () => {
  stored = await storeReadings();
  rollups = openRollups(stored.databaseUrl);
  api = await runApi({ DATABASE_URL: stored.databaseUrl, DISPLAY_TIMEZONE: 'Europe/Berlin' });
  await stored.add(all);
  await rollups.look(Date.now() - day, 60 * day);
  await stored.add(late);
}, 60_000);
afterAll(async () => {
  await api.stop(1_000);
  await rollups.close();
  await stored.stop();
});

/** Starts in the middle of everything: a second after an hour, on no boundary of any bucket. */
const startMs = Math.floor((Date.now() - 10 * day) / hour) * hour + 17 * minute + second;
let seed = 42;
const random = (): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
};

/** Every half a minute for two days, with a gap and with readings that measured nothing. */
function series(sensorId: string): Reading[] {
  return Array.from({ length: 5_760 }, (_, n): Reading => {
    const timeMs = startMs + n * 30 * second + Math.floor(random() * 20 * second);
    const reading = { sensorId, timeMs, receivedAtMs: timeMs + 400, extra: '{"n":1}' };
    return random() < 0.1 ? reading : { ...reading, temperature: 20 + 10 * random() };
  }).filter(({ timeMs }) => timeMs < startMs + 20 * hour || timeMs > startMs + 27 * hour);
}
const a = series('a');
const b = series('b');
/** A value that no sum of two can hold. */
const wild: Reading[] = [0, 1, 2].map((n) => ({
  sensorId: 'wild',
  timeMs: startMs + n * second,
  receivedAtMs: startMs + n * second,
  temperature: 1.7e308,
}));
const all = [...a, ...b, ...wild];
/** Of the gap, received now. */
const late: Reading[] = Array.from({ length: 300 }, (_, n) => ({
  sensorId: 'a',
  timeMs: startMs + 22 * hour + n * 15 * second,
  receivedAtMs: Date.now() - minute,
  temperature: n,
}));

interface Series {
  readonly sensor_id: string;
  readonly count: number;
  readonly time: number[];
  readonly readings?: number[];
  readonly last: { readonly time: number; readonly temp: number | null } | null;
  readonly temp: (number | null)[];
  readonly temp_min?: (number | null)[];
  readonly temp_max?: (number | null)[];
}
interface History {
  readonly bucket_seconds: number;
  readonly source: string;
  readonly series: Series[];
}

async function ask(path: string): Promise<{ status: number; json: Record<string, unknown> }> {
  const { status, body } = parseAnswer(await request(api.port, `GET ${path}`));
  return { status, json: JSON.parse(body) as Record<string, unknown> };
}

const history = async (ids: string[], fromMs: number, toMs: number, points: number) =>
  (
    await ask(
      `/api/history?${ids.map((id) => `sensor_id=${id}&`).join('')}from=${fromMs / 1_000}&to=${toMs / 1_000}&points=${points}`,
    )
  ).json as unknown as History;

/** What a chart of these readings has to show, worked out the slow way. */
function expected(readings: Reading[], fromMs: number, toMs: number, bucketMs: number) {
  const first = Math.floor(fromMs / bucketMs) * bucketMs;
  const end = Math.ceil(toMs / bucketMs) * bucketMs;
  const buckets = new Map<number, Reading[]>();
  for (const reading of readings) {
    if (reading.timeMs < first || reading.timeMs >= end) continue;
    const key = Math.floor(reading.timeMs / bucketMs);
    buckets.set(key, [...(buckets.get(key) ?? []), reading]);
  }
  return [...buckets.entries()]
    .sort(([x], [y]) => x - y)
    .map(([, members]) => {
      const values = members.flatMap(({ temperature }) => temperature ?? []);
      return {
        readings: members.length,
        time: Math.min(...members.map(({ timeMs }) => timeMs)) / 1_000,
        temp: values.length === 0 ? null : values.reduce((x, y) => x + y, 0) / values.length,
        min: values.length === 0 ? null : Math.min(...values),
        max: values.length === 0 ? null : Math.max(...values),
      };
    });
}

/** The newest of them, as a chart tells it. */
function lastOf(readings: Reading[], fromMs: number, toMs: number): Series['last'] {
  const inRange = readings.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs);
  const newest = inRange.sort((x, y) => x.timeMs - y.timeMs).at(-1);
  if (newest === undefined) return null;
  const { timeMs, temperature } = newest;
  return expect.objectContaining({ time: timeMs / 1_000, temp: temperature ?? null }) as never;
}

function expectSeries(got: Series, readings: Reading[], fromMs: number, toMs: number, ms: number) {
  const want = expected(readings, fromMs, toMs, ms);
  expect(got.time).toEqual(want.map(({ time }) => time));
  expect(got.readings).toEqual(want.map(({ readings }) => readings));
  expect(got.temp_min).toEqual(want.map(({ min }) => min));
  expect(got.temp_max).toEqual(want.map(({ max }) => max));
  got.temp.forEach((value, n) => {
    if (want[n].temp === null) expect(value).toBeNull();
    else expect(value).toBeCloseTo(want[n].temp, 5);
  });
}

describe('/api/history', () => {
  it.each([
    ['readings', 6 * hour, 500],
    ['five_minutes', 40 * hour, 500],
    ['hours', 48 * hour, 60],
    ['days', 300 * hour, 10],
  ])('shows from %s what the readings say, for two sensors', async (source, rangeMs, points) => {
    const [fromMs, toMs] = [startMs + 100 * second, startMs + 100 * second + rangeMs];
    const answer = await history(['a', 'b'], fromMs, toMs, points);
    expect(answer.source).toBe(source);
    const total = answer.series.reduce((sum, { time }) => sum + time.length, 0);
    expect(total).toBeLessThanOrEqual(points);
    // The late ones are not in the rollups yet.
    const ofA = source === 'readings' ? [...a, ...late] : a;
    expectSeries(answer.series[0], ofA, fromMs, toMs, answer.bucket_seconds * second);
    expectSeries(answer.series[1], b, fromMs, toMs, answer.bucket_seconds * second);
    // Of the readings themselves, whatever the points are made of.
    expect(answer.series[0].last).toEqual(lastOf([...a, ...late], fromMs, toMs));
    expect(answer.series[1].last).toEqual(lastOf(b, fromMs, toMs));
  });

  it('gives few readings as they are', async () => {
    const [fromMs, toMs] = [startMs, startMs + hour];
    const answer = await history(['b', 'nobody'], fromMs, toMs, 2_000);
    expect(answer).toMatchObject({ bucket_seconds: 0, source: 'readings' });
    const own = b.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs);
    expect(answer.series[0].time).toEqual(own.map(({ timeMs }) => timeMs / 1_000));
    expect(answer.series[0].temp).toEqual(own.map(({ temperature }) => temperature ?? null));
    expect(answer.series[0]).not.toHaveProperty('temp_min');
    expect(answer.series[1]).toMatchObject({
      sensor_id: 'nobody',
      count: 0,
      time: [],
      temp: [],
      last: null,
    });
  });

  it('joins the rollups with what arrived since, and takes in what arrived late', async () => {
    const [fromMs, toMs] = [startMs, startMs + 48 * hour];
    // Back to the middle: from there on it has only the readings.
    await rollups.look(startMs + 13 * hour + 3 * minute, 60 * day);
    const joined = await history(['b'], fromMs, toMs, 400);
    expect(joined.source).toBe('five_minutes');
    expectSeries(joined.series[0], b, fromMs, toMs, joined.bucket_seconds * second);
    // Whole days, then the hours of the next, then the readings of the hour.
    await rollups.look(startMs + 40 * hour + 23 * minute, 60 * day);
    const days = await history(['b', 'nobody', 'noone', 'none'], fromMs, toMs, 10);
    expect(days.source).toBe('days');
    expectSeries(days.series[0], b, fromMs, toMs, days.bucket_seconds * second);
    await rollups.look(Date.now(), 60 * day);
    const whole = await history(['a'], fromMs, toMs, 60);
    expect(whole.source).toBe('hours');
    expectSeries(whole.series[0], [...a, ...late], fromMs, toMs, whole.bucket_seconds * second);
  });

  it.each([
    ['from=0&to=1', 'sensor_id'],
    [`${'sensor_id=a&'.repeat(11).replace(/a/g, () => String(random()))}from=0&to=1`, 'sensor_id'],
    ['sensor_id=&from=0&to=1', 'sensor_id'],
    ['sensor_id=%00&from=0&to=1', 'sensor_id'],
    ['sensor_id=a&to=1', 'from'],
    ['sensor_id=a&from=yesterday&to=1', 'from'],
    ['sensor_id=a&from=2025-13-01&to=1', 'from'],
    ['sensor_id=a&from=1&to=1', 'to'],
    ['sensor_id=a&from=0&to=1&points=9', 'points'],
    ['sensor_id=a&from=0&to=1&points=2001', 'points'],
  ])('refuses %s by name', async (query, name) => {
    const { status, json } = await ask(`/api/history?${query}`);
    expect(status).toBe(400);
    expect(json).toEqual({ error: expect.stringMatching(`^${name}: expected `) });
  });
});

describe('/api/data', () => {
  it('gives the newest of a range, oldest first', async () => {
    const { json } = await ask('/api/data?window=20000&limit=5');
    const newest = [...a, ...b].sort((x, y) => x.timeMs - y.timeMs).slice(-5);
    expect(json).toMatchObject({ count: 5, source: 'database' });
    expect((json['readings'] as { time: string }[]).map(({ time }) => Date.parse(time))).toEqual(
      newest.map(({ timeMs }) => timeMs),
    );
  });

  it.each([
    ['2025-03-30', Date.UTC(2025, 2, 29, 23), 23],
    ['2025-10-26', Date.UTC(2025, 9, 25, 22), 25],
  ])('knows how long the day %s is', async (date, fromMs, hours) => {
    const times = [fromMs - 1, fromMs, fromMs + hours * hour - 1, fromMs + hours * hour];
    const receivedAtMs = Date.now() - hour;
    await stored.add(times.map((timeMs) => ({ sensorId: 'dst', timeMs, receivedAtMs })));
    for (const query of [`date=${date}`, `start_date=${date}&end_date=${date}`]) {
      const { json } = await ask(`/api/data?sensor_id=dst&${query}`);
      const found = (json['readings'] as { time: string }[]).map(({ time }) => Date.parse(time));
      expect(found).toEqual([times[1], times[2]]);
    }
  });

  it('without a range answers from memory', async () => {
    expect((await ask('/api/data?limit=3')).json).toMatchObject({ source: 'memory' });
  });

  it.each([
    ['window=0', 'window'],
    ['window=527041', 'window'],
    ['window=1&date=2025-01-01', 'window'],
    ['date=2025-02-29', 'date'],
    ['date=yesterday', 'date'],
    ['start_date=2025-01-01', 'end_date'],
    ['end_date=2025-01-01', 'start_date'],
    ['start_date=2025-01-02&end_date=2025-01-01', 'end_date'],
    ['limit=0', 'limit'],
    ['limit=10001', 'limit'],
    ['sensor_id=a&sensor_id=b', 'sensor_id'],
  ])('refuses %s by name', async (query, name) => {
    const { status, json } = await ask(`/api/data?${query}`);
    expect(status).toBe(400);
    expect(json).toEqual({ error: expect.stringMatching(`^${name}: expected `) });
  });
});

describe('/api/dates', () => {
  it('counts exactly, whether summed up or only just arrived', async () => {
    const { json } = await ask('/api/dates?sensor_id=b');
    expect(json['total_readings']).toBe(b.length);
    await stored.add([{ sensorId: 'new', timeMs: Date.now(), receivedAtMs: Date.now() + 500 }]);
    await sleep(10);
    const today = new Intl.DateTimeFormat('sv', { timeZone: 'Europe/Berlin' }).format(Date.now());
    expect((await ask('/api/dates?sensor_id=new')).json).toEqual({
      date_range: { min_date: today, max_date: today },
      total_readings: 1,
    });
    const total = (await ask('/api/dates')).json['total_readings'];
    expect(total).toBeGreaterThan(all.length + late.length);
  });

  it('knows of no sensor that never sent', async () => {
    expect((await ask('/api/dates?sensor_id=nobody')).json).toEqual({
      date_range: { min_date: null, max_date: null },
      total_readings: 0,
    });
  });
});

it('answers from memory at once when the database has just gone', async () => {
  await ask('/api/data?window=60');
  await stored.stopPostgres();
  const { status, json } = await ask('/api/data?window=60');
  expect(status).toBe(200);
  expect(json).toMatchObject({ source: 'memory' });
});
