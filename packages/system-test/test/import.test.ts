/**
 * `npm run import` beside a zdenergy at work: the table of an old server and its CSV exports, killed in
 * the middle, run twice, with all that such files hold.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Releases } from '@zdenergy/core';
import { Database } from '../src/database.js';
import { Gateway } from '../src/gateway.js';
import { npmRun } from '../src/npm.js';
import { Program } from '../src/program.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const sensors = 20;
const minutes = 10_000;
const rows = sensors * minutes;
/** Killed once so many are stored, which takes a busy machine its time. */
const killedAfter = 30_000;
const storedWithinMs = 90_000;
/** A week in which the clocks of Berlin are set back. */
const start = '2024-10-24 00:00:00+00';
const header = 'Timestamp,Temperature (°C),Humidity (%),Lux,Irradiance (W/m²),Sensor';
const project = fileURLToPath(new URL('../../../', import.meta.url));

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;
let database: Database;
let oldUrl: string;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases);
  database = await zdenergy.database();
  await database.rows('CREATE DATABASE old_server');
  oldUrl = (await zdenergy.databaseUrl()).replace(/zdenergy$/, 'old_server');
});

const run = (line: string): ReturnType<typeof npmRun> => npmRun(zdenergy, `import ${line}`);

async function file(name: string, text: string): Promise<string> {
  const path = join(zdenergy.directory, name);
  await writeFile(path, text);
  return path;
}

const account = (name: string): Promise<Record<string, unknown>> =>
  database.row(
    `SELECT position::int, stored::int, duplicates::int, rejected::int,
            finished_at IS NOT NULL AS finished
       FROM imports WHERE name LIKE $1`,
    [`${name}%`],
  );

/** Rows of the rollups that are not what the readings say. */
async function wrongRollups(): Promise<number> {
  const wrong = (table: string, interval: string): string => `
    SELECT count(*)::int AS n
      FROM (SELECT sensor_id, date_bin('${interval}', time, 'epoch'::timestamptz) AS bucket,
                   count(*) AS readings, avg(temperature) AS mean, max(lux) AS most
              FROM readings
             WHERE received_at <= (SELECT received_until FROM rollups_progress)
             GROUP BY 1, 2) AS made
      FULL JOIN ${table} AS kept USING (sensor_id, bucket)
     WHERE made.readings IS DISTINCT FROM kept.readings
        OR NOT coalesce(abs(mean - temperature_avg) < 1e-9, mean IS NULL AND temperature_avg IS NULL)
        OR most IS DISTINCT FROM lux_max`;
  const five = await database.row<{ n: number }>(wrong('readings_5min', '5 min'));
  const hours = await database.row<{ n: number }>(wrong('readings_hourly', '1 hour'));
  return five.n + hours.n;
}

it('moves in a table, killed in the middle, through the night that has an hour twice', async () => {
  const old = new Database(oldUrl, releases);
  await old.rows(`CREATE TABLE sensor_readings (
    id serial PRIMARY KEY, sensor_id varchar(64), timestamp timestamp, temperature real,
    humidity double precision, lux numeric(10, 2), irradiance double precision,
    created_at timestamp DEFAULT now())`);
  await old.rows(
    `INSERT INTO sensor_readings (sensor_id, timestamp, temperature, humidity, lux)
     SELECT 'old-' || s, (timestamptz '${start}' + n * interval '1 min') AT TIME ZONE 'Europe/Berlin',
            20 + (n % 100) / 10.0, 50, n
       FROM generate_series(0, ${minutes - 1}) AS n, generate_series(1, ${sensors}) AS s
      ORDER BY n, s`,
  );
  const line = `--from ${oldUrl} --timezone Europe/Berlin`;
  const trial = await run(`${line} --dry-run`);
  expect(trial).toMatchObject({ code: 0 });
  expect(trial.output).toContain(`200,000 rows = 200,000 would be stored`);
  expect(trial.output).toContain('not read: the columns created_at');
  expect(trial.output).toContain('2,400 times are in the hour that autumn repeats');
  expect(await database.count('readings')).toBe(0);

  const program = new Program(process.execPath, ['scripts/run.js', 'import', ...line.split(' ')], {
    cwd: project,
    env: { ...zdenergy.environment },
  });
  await eventually(async () => {
    if ((await database.count('readings')) < killedAfter) throw new Error(program.output);
  }, storedWithinMs);
  program.signal('SIGKILL');
  await program.finished;
  const killed = await database.count('readings');
  expect(killed).toBeLessThan(rows);

  const rest = await run(line);
  expect(rest).toMatchObject({ code: 0 });
  expect(rest.output).toMatch(/going on after [\d,]+ rows/);
  expect(await account('sensor_readings')).toEqual({
    ...{ position: rows, stored: rows, duplicates: 0, rejected: 0, finished: true },
  });
  const right = await database.row(
    `SELECT count(*)::int AS n, count(DISTINCT sensor_id)::int AS sensors,
            bool_and(lux = n AND temperature = (20 + n::int % 100 / 10.0)::float8
                     AND irradiance = lux / 127 AND received_at = time) AS right
       FROM (SELECT *, extract(epoch FROM time - timestamptz '${start}') / 60 AS n
               FROM readings) AS r`,
  );
  expect(right).toEqual({ n: rows, sensors, right: true });
  expect(await wrongRollups()).toBe(0);

  expect(rest.output).toContain('run the same command with --again');

  const again = await run(line);
  expect(again).toMatchObject({ code: 0 });
  expect(again.output).toContain('nothing new. 200,000 rows were read before');
  expect(again.output).not.toContain(':postgres');
});

it('shows moved-in sensors as silent, knows nothing of their clocks, and keeps the ledger apart', async () => {
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  await gateway.end('{"id":"live","temp":1}');
  const { ledger } = await zdenergy.stats();
  expect(ledger.received).toBe(
    ledger.stored + ledger.duplicates + ledger.rejected + ledger.pending,
  );
  expect(ledger.received).toBeLessThanOrEqual(1);
  const answer = JSON.parse((await zdenergy.ask('/api/sensors')).body) as {
    sensors: {
      sensor_id: string;
      status: string;
      clock_skew_seconds: unknown;
      clock_hint: unknown;
    }[];
  };
  const moved = answer.sensors.filter(({ sensor_id }) => sensor_id.startsWith('old-'));
  expect(moved).toHaveLength(sensors);
  for (const sensor of moved) {
    expect(sensor).toMatchObject({ status: 'silent', clock_skew_seconds: null, clock_hint: null });
  }
  await eventually(async () => {
    const dates = JSON.parse((await zdenergy.ask('/api/dates')).body) as {
      date_range: unknown;
      total_readings: number;
    };
    expect(dates).toMatchObject({
      total_readings: rows + 1,
      date_range: { min_date: '2024-10-24' },
    });
  });
});

it('takes a large CSV file, and says how fast', async () => {
  const lines = Array.from({ length: rows }, (_, n) => {
    const time = new Date(Date.UTC(2024, 0, 1) + Math.floor(n / 100) * 60_000);
    const text = time.toISOString().slice(0, 19).replace('T', ' ');
    return `${text},21.50,40.00,${n % 1_000}.00,4.304,csv-${n % 100}\r\n`;
  });
  const path = await file('large.csv', `\uFEFF${header}\r\n${lines.join('')}`);
  let result = { code: null as number | null, output: '' };
  const tookMs = await timed(async () => (result = await run(`${path} --timezone UTC`)));
  expect(result).toMatchObject({ code: 0 });
  expect(result.output).toContain(`large.csv: 200,000 rows = 200,000 stored + 0 duplicates`);
  expect(await wrongRollups()).toBe(0);
  process.stderr.write(
    `import of ${rows} rows of CSV: ${/[\d,]+ rows\/s/.exec(result.output)?.[0] ?? ''}, ` +
      `${(tookMs / 1_000).toFixed(1)} s with its start\n`,
  );
});

it('keeps what cannot be read, and what differs from what is stored; twice is once', async () => {
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  await gateway.end(
    '{"id":"both","time":"2025-05-05 10:00:00","temp":1}{"id":"both","time":"2025-05-05 10:01:00","temp":2}',
  );
  await eventually(async () => expect(await database.count('readings', 'both')).toBe(2));
  const path = await file(
    'mixed.csv',
    `${header}\r\n` +
      '2025-05-05 10:00:00,1.00,,,,both\r\n' +
      '2025-05-05 10:01:00,9.00,,,,both\r\n' +
      '2025-05-05 10:02:00,3.00,,,,"both"\r\n' +
      '\r\n' +
      '2025-05-05 10:03:00,24,10,50,50,1,2,both\r\n' +
      '2025-05-05 10:04:00,"24,10",50,1,2,both\r\n' +
      '05.05.2025 10:05,24.10,50,1,2,both\r\n' +
      '2025-05-05 10:06:00,4.00,,,,"a ""quoted"", name"\r\n' +
      "2025-05-05 10:07:00,5.00,,,,'=1+1",
  );
  const first = await run(`${path} --timezone UTC`);
  expect(first.code).toBe(1);
  expect(first.output).toContain('mixed.csv: 8 rows = 3 stored + 1 duplicate + 4 refused');
  expect(first.output).toContain('line 6: it has 8 cells, and the first line 6. Are decimals');
  expect(first.output).toContain('line 7: temp has a comma: "24,10"');
  expect(first.output).toContain('line 8: time cannot be read: "05.05.2025 10:05"');
  expect(first.output).toContain('1 row differs from a reading of the same sensor and time');
  const stored = await database.rows<{ sensor_id: string }>(
    "SELECT sensor_id, temperature FROM readings WHERE time > '2025-05-05 10:01:30+00' AND time < '2025-05-06' ORDER BY time",
  );
  expect(stored).toEqual([
    { sensor_id: 'both', temperature: 3 },
    { sensor_id: 'a "quoted", name', temperature: 4 },
    { sensor_id: '=1+1', temperature: 5 },
  ]);
  const rejects = await database.rows('SELECT peer, raw FROM rejected_readings ORDER BY id');
  expect(rejects).toEqual(
    expect.arrayContaining([
      {
        peer: 'import of mixed.csv, line 3',
        raw: '{"id":"both","time":"2025-05-05T10:01:00Z","temp":9}',
      },
      { peer: 'import of mixed.csv, line 6', raw: '2025-05-05 10:03:00,24,10,50,50,1,2,both' },
    ]),
  );
  expect((await run(`${path} --timezone UTC`)).output).toContain('nothing new');
  const again = await run(`${path} --timezone UTC --again`);
  expect(again.output).toContain('8 rows = 0 stored + 4 duplicates + 4 refused');
  expect(await account('mixed.csv')).toMatchObject({ position: 16, stored: 3, rejected: 8 });
  expect(await wrongRollups()).toBe(0);

  const stopped = await run(`${path} --timezone UTC --again --max-refused 2 --dry-run`);
  expect(stopped.code).toBe(1);
});

it('says what it needs, and changes nothing before it has it', async () => {
  const before = await database.count('readings');
  const one = await file('one.csv', 'Timestamp,Temperature (°C)\n2025-06-01 00:00:00,20\n');
  const nameless = await run(`${one} --timezone UTC`);
  expect(nameless.code).toBe(2);
  expect(nameless.output).toContain('or name the only sensor: --sensor ID');
  const zoneless = await run(`${one} --sensor only`);
  expect(zoneless.code).toBe(2);
  expect(zoneless.output).toContain('Say of which zone they are: --timezone');
  const semicolons = await file(
    'semicolons.csv',
    'Timestamp;Lux;Sensor\n2025-06-01 00:00:00;1,5;A\n',
  );
  expect((await run(`${semicolons} --timezone UTC`)).output).toContain('separated by semicolons');
  const absent = await run(`--from ${oldUrl} --table nothing --timezone UTC`);
  expect(absent.output).toContain('There is no table nothing in database old_server');
  expect(absent.output).toContain('public.sensor_readings');
  expect(await database.count('readings')).toBe(before);
  expect(await run(`${one} --sensor only --timezone Europe/Berlin`)).toMatchObject({ code: 0 });
  expect(await database.row("SELECT time FROM readings WHERE sensor_id = 'only'")).toEqual({
    time: new Date('2025-05-31T22:00:00Z'),
  });
  expect(await run('--zone UTC')).toMatchObject({ code: 64 });
});
