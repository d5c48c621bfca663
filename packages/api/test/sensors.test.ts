/** The table of sensors and `/api/sensors`, on a real Postgres that the drain fills. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openSensorTable, runJob, type Sensor, type SensorTable } from '@zdenergy/storage';
import { nextWindowMs, watchArrivals } from '../src/arrival-watch.js';
import { sensorStatus, statusRule } from '../src/sensor-status.js';
import { clusterState } from './cluster.js';
import { fileLogger } from './file-logger.js';
import { parseAnswer, request, runApi, type RunningApi } from './running-api.js';
import { storeReadings, type Reading, type StoredReadings } from './stored-readings.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

let stored: StoredReadings;
let table: SensorTable;

beforeAll(async () => {
  stored = await storeReadings();
  table = openSensorTable(stored.databaseUrl);
  // The migrations have run once something is stored.
  await stored.add([
    { sensorId: 'first', timeMs: Date.now() - 40 * day, receivedAtMs: Date.now() },
  ]);
  await lookUntil(startMs);
}, 60_000);
afterAll(async () => {
  await table.close();
  await stored.stop();
});

/** A time of receipt that each test has for itself; readings are received after it. */
const startMs = Date.now() - 20 * day;
let tests = 0;
const nextStartMs = (): number => {
  tests += 1;
  return startMs + tests * hour;
};

const everything = {
  after: '',
  sensorIds: undefined,
  limit: 10_000,
  search: '',
  status: undefined,
  rule: statusRule,
  nowMs: Date.now(),
};

const lookUntil = (untilMs: number) => table.look(untilMs, 40 * day);

async function sensor(id: string): Promise<Sensor | undefined> {
  const { sensors } = await table.list({ ...everything, search: id });
  return sensors.find(({ sensorId }) => sensorId === id);
}

async function execute(sql: string): Promise<void> {
  const order = {
    job: 'statistics',
    day: '2025-03-01',
    isShared: false,
    timeoutMs: minute,
  } as const;
  await runJob(
    stored.databaseUrl,
    { ...order, signal: new AbortController().signal },
    async ({ client }) => {
      await client.query(sql);
      return '';
    },
  );
}

/** Readings received every `everyMs`, each from a clock that is ahead by what `skewMs` says. */
async function receive(
  id: string,
  fromMs: number,
  count: number,
  skewMs: (n: number) => number,
  everyMs = 10 * second,
): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const receivedAtMs = fromMs + (n + 1) * everyMs;
    await stored.add([
      { sensorId: id, timeMs: receivedAtMs + skewMs(n), receivedAtMs, temperature: n },
    ]);
    await lookUntil(receivedAtMs);
  }
}

describe('a look', () => {
  it('takes in what was received since the last one, and nothing that is not complete yet', async () => {
    const fromMs = nextStartMs();
    const at = (seconds: number, temperature: number): Reading => ({
      sensorId: 'a',
      timeMs: fromMs + seconds * second - 500,
      receivedAtMs: fromMs + seconds * second,
      temperature,
    });
    await stored.add([at(1, 21), at(2, 22), at(3, 23), { ...at(3, 5), sensorId: 'b' }]);
    expect(await lookUntil(fromMs + 2 * second)).toEqual({
      untilMs: fromMs + 2 * second,
      sensors: 1,
    });
    expect(await sensor('b')).toBeUndefined();
    expect(await sensor('a')).toEqual({
      sensorId: 'a',
      timeMs: fromMs + 1_500,
      receivedAtMs: fromMs + 2_000,
      temperature: 22,
      humidity: null,
      lux: null,
      irradiance: null,
      clockSkew: -0.5,
      clockSamples: 1,
      intervalSeconds: null,
    });
    expect(await lookUntil(fromMs + 3 * second)).toMatchObject({ sensors: 2 });
    expect(await sensor('a')).toMatchObject({ temperature: 23, clockSamples: 2 });
    expect(await sensor('b')).toMatchObject({ temperature: 5 });
  });

  it('covers at most its window', async () => {
    const fromMs = nextStartMs();
    await lookUntil(fromMs);
    expect(await table.look(fromMs + hour / 2, minute)).toEqual({
      untilMs: fromMs + minute,
      sensors: 0,
    });
    await lookUntil(fromMs + hour / 2);
  });

  it('may go over the same range again, and changes nothing', async () => {
    const fromMs = nextStartMs();
    await receive('again', fromMs, 3, () => 2 * second);
    const before = await sensor('again');
    await lookUntil(fromMs);
    await lookUntil(fromMs + minute);
    expect(await sensor('again')).toEqual(before);
  });

  it('finds readings that came late out of a journal, once they are complete', async () => {
    const fromMs = nextStartMs();
    await lookUntil(fromMs + 30 * second);
    // They had waited where a worker was down, and are older than what was looked at last.
    const receivedAtMs = fromMs + 10 * second;
    await stored.add([{ sensorId: 'late', timeMs: receivedAtMs - second, receivedAtMs }]);
    await lookUntil(receivedAtMs - second);
    await lookUntil(fromMs + 40 * second);
    expect(await sensor('late')).toMatchObject({ receivedAtMs });
  });

  it('is done by one of two who want to, or by one after the other', async () => {
    const fromMs = nextStartMs();
    await stored.add([{ sensorId: 'both', timeMs: fromMs, receivedAtMs: fromMs + second }]);
    const other = openSensorTable(stored.databaseUrl);
    const looks = await Promise.all([table, other].map((one) => one.look(fromMs + minute, day)));
    await other.close();
    expect(looks.some((look) => look !== null)).toBe(true);
    expect(await sensor('both')).toMatchObject({ clockSamples: 1 });
  });
});

describe('the skew of a clock', () => {
  it('is found when it is steady, through all jitter', async () => {
    const jitter = [0, -900, -300, -40_000, -100, -600, 0, -2_000, -500, -700, -100, 0];
    await receive('east', nextStartMs(), jitter.length, (n) => 8 * hour + jitter[n]);
    const east = await sensor('east');
    expect(east?.clockSamples).toBe(jitter.length);
    expect(Math.abs((east?.clockSkew ?? 0) - 8 * 3_600)).toBeLessThan(6);
  });

  it('is that of the reading least delayed of those that came together', async () => {
    const fromMs = nextStartMs();
    const receivedAtMs = fromMs + minute;
    const readings = [40, 30, 20, 10, 1].map((seconds) => ({
      sensorId: 'together',
      timeMs: receivedAtMs - seconds * second,
      receivedAtMs,
    }));
    await stored.add(readings);
    await lookUntil(receivedAtMs);
    expect(await sensor('together')).toMatchObject({
      clockSkew: -1,
      timeMs: receivedAtMs - second,
    });
  });

  it('starts anew when the clock was set', async () => {
    await receive('set', nextStartMs(), 15, (n) => (n < 12 ? 8 * hour : 0) - 500);
    expect(await sensor('set')).toMatchObject({ clockSkew: -0.5, clockSamples: 3 });
  });

  it('is never steady while history is loaded', async () => {
    // An hour of history every ten seconds, from eight hours ago to now and on.
    await receive('history', nextStartMs(), 20, (n) => -20 * day + n * (hour - 10 * second));
    expect((await sensor('history'))?.clockSamples).toBe(1);
    // Not even when it passes by slowly.
    await receive('slowly', nextStartMs(), 30, (n) => -8 * hour + n * minute);
    expect((await sensor('slowly'))?.clockSamples).toBeLessThan(10);
  });

  it('is unknown when the times are those of receipt', async () => {
    const receivedAtMs = nextStartMs() + second;
    await stored.add([
      { sensorId: 'clockless', timeMs: receivedAtMs, receivedAtMs },
      {
        sensorId: 'broken',
        timeMs: receivedAtMs + 100,
        receivedAtMs,
        extra: '{"device_time":"1999"}',
      },
    ]);
    await lookUntil(receivedAtMs);
    for (const id of ['clockless', 'broken']) {
      expect(await sensor(id)).toMatchObject({ clockSkew: null, clockSamples: 0 });
    }
  });

  it('outlasts a reading without a time of its own', async () => {
    const fromMs = nextStartMs();
    await receive('mixed', fromMs, 3, () => 5 * second);
    await receive('mixed', fromMs + minute, 1, () => 0);
    expect(await sensor('mixed')).toMatchObject({ clockSkew: 5, clockSamples: 3, temperature: 0 });
  });
});

describe('how often a sensor reports', () => {
  const intervalOf = async (id: string) => (await sensor(id))?.intervalSeconds;

  it('is learned from a few readings, one look or many', async () => {
    const fromMs = nextStartMs();
    await receive('steady', fromMs, 3, () => -second);
    expect(await intervalOf('steady')).toBeNull();
    await receive('steady', fromMs + 30 * second, 1, () => -second);
    expect(await intervalOf('steady')).toBe(10);
    const receivedAtMs = nextStartMs();
    await stored.add(
      [0, 60, 120, 180].map((seconds) => ({
        sensorId: 'at once',
        timeMs: receivedAtMs - 200 * second + seconds * second,
        receivedAtMs,
      })),
    );
    await lookUntil(receivedAtMs);
    expect(await intervalOf('at once')).toBe(60);
  });

  it('outlasts an outage, and the backlog that comes after it', async () => {
    const fromMs = nextStartMs();
    await receive('outage', fromMs, 10, () => -second);
    // 20 minutes later: first what is measured now, then all that had waited, at once.
    const backMs = fromMs + 20 * minute;
    await receive('outage', backMs - 10 * second, 2, () => -second);
    await stored.add(
      Array.from({ length: 100 }, (_, n) => ({
        sensorId: 'outage',
        timeMs: fromMs + 110 * second + n * 10 * second,
        receivedAtMs: backMs + 20 * second + n,
      })),
    );
    await lookUntil(backMs + 25 * second);
    await receive('outage', backMs + 30 * second, 1, () => -second);
    expect(await intervalOf('outage')).toBe(10);
  });

  it('is learned anew when it changes, and is nothing that comes of no clock', async () => {
    const fromMs = nextStartMs();
    await receive('changed', fromMs, 10, () => -second);
    await receive('changed', fromMs + 100 * second, 6, () => -second, minute);
    expect(await intervalOf('changed')).toBe(60);
    const receivedAtMs = nextStartMs();
    await stored.add(
      Array.from({ length: 10 }, (_, n) => ({
        sensorId: 'no clock',
        timeMs: receivedAtMs + n,
        receivedAtMs: receivedAtMs + n,
      })),
    );
    await lookUntil(receivedAtMs + second);
    expect(await intervalOf('no clock')).toBeNull();
  });

  it('is the same when a range is looked at again', async () => {
    const fromMs = nextStartMs();
    await receive('twice', fromMs, 6, () => -second);
    await receive('twice', fromMs + minute, 4, () => -second, 30 * second);
    const before = await intervalOf('twice');
    for (let again = 0; again < 6; again += 1) {
      await lookUntil(fromMs);
      await lookUntil(fromMs + 4 * minute);
    }
    expect(await intervalOf('twice')).toBe(before);
  });
});

describe('a list', () => {
  /** In a sensor's own range of received_at, which the looks have passed. */
  const judge = async (seconds: number, intervalSeconds: number | null, status: string) => {
    const id = `judged ${seconds} ${intervalSeconds ?? 'never'}`;
    const receivedAtMs = nextStartMs();
    const times = intervalSeconds === null ? [0] : [0, 1, 2, 3].map((n) => n * intervalSeconds);
    await stored.add(
      times.map((time) => ({
        sensorId: id,
        timeMs: receivedAtMs - 30 * hour + time * second,
        receivedAtMs,
      })),
    );
    await lookUntil(receivedAtMs + seconds * second);
    const nowMs = receivedAtMs + seconds * second;
    const { sensors, counts, judgedAtMs } = await table.list({ ...everything, nowMs });
    const found = sensors.find(({ sensorId }) => sensorId === id);
    expect(found?.intervalSeconds).toBe(intervalSeconds);
    expect(judgedAtMs).toBe(nowMs);
    const judged = sensors.map((one) =>
      sensorStatus((judgedAtMs - one.receivedAtMs) / second, one.intervalSeconds),
    );
    // What the database counts and filters by is what the plain function says.
    for (const wanted of ['online', 'late', 'silent'] as const) {
      expect(counts[wanted]).toBe(judged.filter((one) => one === wanted).length);
      const filtered = await table.list({ ...everything, nowMs, status: wanted });
      expect(filtered.sensors.some(({ sensorId }) => sensorId === id)).toBe(wanted === status);
      expect(filtered.sensors).toHaveLength(counts[wanted]);
    }
  };

  it.each([
    [2, 60, 'online'],
    [180, 60, 'late'],
    [600, 60, 'silent'],
    [590, 5, 'late'],
    [900, 300, 'late'],
    [3_000, 300, 'silent'],
    [590, null, 'online'],
    [600, null, 'silent'],
  ])('judges %d s after a reading, with an interval of %p s: %s', judge);

  it('does not call a sensor late for what is not accounted for yet, within reason', async () => {
    const fromMs = nextStartMs();
    await receive('behind', fromMs, 5, () => -second);
    const judgedAfter = async (seconds: number): Promise<number> => {
      const nowMs = fromMs + (50 + seconds) * second;
      const { judgedAtMs } = await table.list({ ...everything, nowMs });
      return (judgedAtMs - fromMs) / second - 50;
    };
    expect(await judgedAfter(0)).toBe(0);
    expect(await judgedAfter(29)).toBe(0);
    expect(await judgedAfter(100)).toBe(70);
  });

  it('judges nobody by what waits to be stored, or to be taken in', async () => {
    const fromMs = nextStartMs();
    await receive('backlog', fromMs, 5, () => -second);
    let incompleteMs: number | null = 600 * second;
    const waiting = openSensorTable(stored.databaseUrl, () => incompleteMs);
    const judgedAfter = async (seconds: number): Promise<number> => {
      const nowMs = fromMs + (50 + seconds) * second;
      const { judgedAtMs } = await waiting.list({ ...everything, nowMs });
      return (judgedAtMs - fromMs) / second - 50;
    };
    expect(await judgedAfter(600)).toBe(0);
    expect(await judgedAfter(700)).toBe(70);
    incompleteMs = null;
    expect(await judgedAfter(700)).toBe(0);
    incompleteMs = 0;
    expect(await judgedAfter(700)).toBe(670);
    // A look that does not come to the end of what is complete.
    await waiting.look(fromMs + 700 * second, 2 * second);
    expect(await judgedAfter(700)).toBe(2);
    await waiting.look(fromMs + 52 * second, minute);
    expect(await judgedAfter(700)).toBe(670);
    await waiting.close();
  });

  it('is followed aloud: it is said when it is stuck, and when it is not any more', async () => {
    const { logger, log, logged } = fileLogger({ logLevel: 'info', logFormat: 'text' });
    const watch = watchArrivals({
      name: 'table of sensors',
      table: { look: (...range) => table.look(...range), close: async () => undefined },
      intervalMs: 50,
      stepMs: 1,
      aimMs: 500,
      stuckAfterMs: 500,
      incompleteMs: () => 0,
      logger,
    });
    await execute('ALTER TABLE sensors RENAME TO sensors_away');
    await logged('⚠️ The table of sensors has not been brought up to date for');
    await sleep(500);
    expect(log().match(/⚠️/g)).toHaveLength(1);
    expect(log()).toMatch(/sensors/);
    await execute('ALTER TABLE sensors_away RENAME TO sensors');
    await logged('The table of sensors is brought up to date again');
    await watch.stop();
    expect(log().match(/⚠️/g)).toHaveLength(1);
    // It has come further than the other tests are.
    await lookUntil(nextStartMs());
  });

  it('searches anywhere in the id, in small and capital letters, page by page', async () => {
    const receivedAtMs = nextStartMs();
    const ids = ['Roof-EAST-1', 'roof-east-2', 'roof-west', 'the 50%_roof-east'];
    await stored.add(
      ids.map((sensorId) => ({ sensorId, timeMs: receivedAtMs - second, receivedAtMs })),
    );
    await lookUntil(receivedAtMs);
    const found = async (search: string, after = '', limit = 10) =>
      (await table.list({ ...everything, search, after, limit })).sensors.map(
        ({ sensorId }) => sensorId,
      );
    expect(await found('OOF-East')).toEqual([ids[0], ids[1], ids[3]]);
    expect(await found('oof-east', ids[0], 1)).toEqual([ids[1]]);
    expect(await found('%_')).toEqual([ids[3]]);
    expect(await found('nowhere')).toEqual([]);
  });
});

describe('/api/sensors', () => {
  let api: RunningApi;
  afterEach(() => api.stop(1_000));

  it('follows what arrives, gives 10,000 sensors at once, or page by page', async () => {
    const count = 10_000;
    const receivedAtMs = Date.now() - minute;
    const id = (n: number): string => `z-${String(n).padStart(5, '0')}`;
    await stored.add(
      Array.from({ length: count }, (_, n) => ({
        sensorId: id(n),
        timeMs: receivedAtMs - second,
        receivedAtMs,
        temperature: n,
      })),
    );
    api = await runApi({ DATABASE_URL: stored.databaseUrl });
    const ask = async (query: string) => {
      const answer = parseAnswer(await request(api.port, `GET /api/sensors${query}`));
      return { ...answer, json: JSON.parse(answer.body) as Record<string, unknown> };
    };
    // No worker says yet what is complete: nothing is looked at.
    await sleep(200);
    expect((await ask('?after=z')).json).toEqual({
      sensors: [],
      count: 0,
      next: null,
      counts: expect.any(Object) as object,
    });
    api.receive({ type: 'cluster', state: clusterState() });
    const deadline = performance.now() + 15_000;
    let answer = await ask('?after=z');
    while (answer.json['count'] !== count && performance.now() < deadline) {
      api.receive({ type: 'cluster', state: clusterState() });
      await sleep(250);
      answer = await ask('?after=z');
    }
    expect(answer.json).toMatchObject({ count, next: id(count - 1) });
    expect((answer.json['sensors'] as unknown[])[7]).toEqual({
      sensor_id: id(7),
      last_reading: {
        time: new Date(receivedAtMs - second).toISOString(),
        temp: 7,
        rh: null,
        lux: null,
        irradiance: null,
      },
      received_at: new Date(receivedAtMs).toISOString(),
      seconds_since: expect.any(Number) as number,
      interval_seconds: null,
      status: 'online',
      clock_skew_seconds: -1,
      clock_hint: null,
    });

    const tookMs: number[] = [];
    let page = answer;
    for (let times = 0; times < 9; times += 1) {
      const startedAtMs = performance.now();
      page = await ask('?limit=50&search=Z-0');
      tookMs.push(performance.now() - startedAtMs);
    }
    expect(page.json).toMatchObject({ count: 50, next: id(49) });
    expect(
      (await ask(`?sensor_id=${id(7)}&sensor_id=nobody&sensor_id=${id(3)}`)).json,
    ).toMatchObject({
      sensors: [{ sensor_id: id(3) }, { sensor_id: id(7) }],
      count: 2,
    });
    // The best of some, since other work of the machine only adds.
    expect(Math.min(...tookMs)).toBeLessThan(100);
    const { online, late, silent } = page.json['counts'] as Record<string, number>;
    expect(online).toBeGreaterThanOrEqual(count);
    expect(online + late + silent).toBeLessThan(count + 100);

    const ids: string[] = [];
    for (let next: string | null = 'z'; next !== null;) {
      const page = await ask(`?limit=3000&after=${next}`);
      ids.push(
        ...(page.json['sensors'] as { sensor_id: string }[]).map(({ sensor_id }) => sensor_id),
      );
      next = page.json['next'] as string | null;
    }
    expect(ids).toEqual(Array.from({ length: count }, (_, n) => id(n)));
  });

  it('points out a clock that shows local time, and what would mend it', async () => {
    await receive('shanghai', nextStartMs(), 12, () => 8 * hour - 700);
    api = await runApi({ DATABASE_URL: stored.databaseUrl });
    const { body } = parseAnswer(await request(api.port, 'GET /api/sensors?after=shang&limit=1'));
    expect(JSON.parse(body)).toMatchObject({
      sensors: [
        {
          sensor_id: 'shanghai',
          clock_skew_seconds: 28_799.3,
          clock_hint: expect.stringMatching(/8 h ahead.*Set SENSOR_TIMEZONE.*Asia\/Shanghai/),
        },
      ],
      count: 1,
      next: 'shanghai',
    });
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=10001', 'limit'],
    ['limit=five', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['limit=', 'limit'],
    ['after=a&after=b', 'after'],
    ['after=%00', 'after'],
    ['sensor_id=', 'sensor_id'],
    ['search=%00', 'search'],
    ['search=a&search=b', 'search'],
    ['status=lost', 'status'],
    ['status=late&status=late', 'status'],
    [`after=${'x'.repeat(101)}`, 'after'],
  ])('refuses %s by name', async (query, name) => {
    api = await runApi({ DATABASE_URL: stored.databaseUrl });
    const answer = parseAnswer(await request(api.port, `GET /api/sensors?${query}`));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({ error: expect.stringMatching(`^${name}: `) });
  });
});

it('a look covers more when looks are quick, and less when they are slow', () => {
  expect([10, 200, 600].map((tookMs) => nextWindowMs(minute, tookMs, 500))).toEqual([
    2 * minute,
    minute,
    minute / 2,
  ]);
  expect(nextWindowMs(second, 600, 500)).toBe(second);
  expect(nextWindowMs(31 * day, 1, 500)).toBe(31 * day);
});
