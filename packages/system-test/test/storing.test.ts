/**
 * What becomes of every single thing that a gateway sends: stored, found to be there already, or
 * refused for a reason that stands in `rejected_readings`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases, type Ledger } from '@zdenergy/core';
import type { Database } from '../src/database.js';
import { Gateway } from '../src/gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;
let database: Database;
/** What this test has sent so far, and what must have become of it. */
const expected = { received: 0, stored: 0, duplicates: 0, rejected: 0 };

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases);
  database = await zdenergy.database();
});

interface Fates {
  readonly stored?: number;
  readonly duplicates?: number;
  readonly rejected?: number;
}

/**
 * Sends it all on one connection, and waits until it is accounted for: in the journal's own row, and
 * the tables agree. Returns the peer.
 */
async function send(
  data: string | Uint8Array,
  { stored = 0, duplicates = 0, rejected = 0 }: Fates,
): Promise<string> {
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  await gateway.end(data);
  expected.stored += stored;
  expected.duplicates += duplicates;
  expected.rejected += rejected;
  expected.received += stored + duplicates + rejected;
  await eventually(async () => {
    const journal = await database.row(
      `SELECT (position - skipped)::int AS received, stored::int, duplicates::int, rejected::int
         FROM journals`,
    );
    expect(journal).toEqual(expected);
  });
  expect(await database.count('readings')).toBe(expected.stored);
  expect(await database.count('rejected_readings')).toBe(expected.rejected);
  return gateway.address;
}

/** The ledger that everybody sees, which follows within seconds. */
async function expectLedger(): Promise<void> {
  const ledger = await zdenergy.settledLedger(expected.received);
  expect(ledger).toEqual<Ledger>({ ...expected, pending: 0 });
}

function rejects(peer: string): Promise<Record<string, unknown>[]> {
  return database.rows(`SELECT reason, raw FROM rejected_readings WHERE peer = $1 ORDER BY id`, [
    peer,
  ]);
}

describe('the columns', () => {
  it('hold what was sent: numbers, numbers in strings, nothing, and all else in extra', async () => {
    await send(
      [
        '{"id":"e4643048d7292c2e","time":"2025-10-02 17:58:37","temp":24.10,"rh":50.50,"lux":546.60}',
        '{"id":"strings","time":"2025-10-02T17:58:37.125","temp":"24.10","rh":" -3e1 ","irradiance":"0"}',
        '{"id":"nulls","time":"2025-10-02 17:58:37","temp":null,"lux":null,"battery":87}',
        '{"id":42,"time":1759427917,"temp":-40}',
        '{"id":"milliseconds","time":1759427917123,"temp":0}',
        '{"time":"2025-10-02 17:58:37Z","temp":1}',
        '{"id":"extra","time":"2025-10-02 17:58:37","big":9007199254740993,"list":[1.50,{"a":null}],"text":"°C"}',
      ].join('\n'),
      { stored: 7 },
    );
    const columns =
      'time, temperature, humidity, lux, round(irradiance::numeric, 6)::float8 AS irradiance';
    const rows = await database.rows(
      `SELECT sensor_id, ${columns}, extra::text FROM readings ORDER BY sensor_id`,
    );
    const time = new Date('2025-10-02T17:58:37Z');
    const nothing = { temperature: null, humidity: null, lux: null, irradiance: null, extra: null };
    expect(rows).toEqual([
      { ...nothing, sensor_id: '42', time, temperature: -40 },
      {
        sensor_id: 'e4643048d7292c2e',
        time,
        temperature: 24.1,
        humidity: 50.5,
        lux: 546.6,
        irradiance: 4.303937,
        extra: null,
      },
      {
        ...nothing,
        sensor_id: 'extra',
        time,
        extra: '{"big": 9007199254740993, "list": [1.50, {"a": null}], "text": "°C"}',
      },
      {
        ...nothing,
        sensor_id: 'milliseconds',
        time: new Date('2025-10-02T17:58:37.123Z'),
        temperature: 0,
      },
      { ...nothing, sensor_id: 'nulls', time, extra: '{"battery": 87}' },
      {
        ...nothing,
        sensor_id: 'strings',
        time: new Date('2025-10-02T17:58:37.125Z'),
        temperature: 24.1,
        humidity: -30,
        irradiance: 0,
      },
      { ...nothing, sensor_id: 'unknown', time, temperature: 1 },
    ]);
  });

  it('take the time of receipt for one that cannot be, and keep what was sent', async () => {
    const sent = ['"2014-12-31 23:59:59"', '"2099-01-01 00:00:00"', '"yesterday"', '{"a":1}', '""'];
    const before = Date.now();
    await send(sent.map((time, n) => `{"id":"clock-${n}","time":${time},"temp":1}`).join(''), {
      stored: sent.length,
    });
    const rows = await database.rows<{ time: Date; device_time: unknown }>(
      `SELECT time, (extra->'device_time') AS device_time FROM readings
        WHERE sensor_id ~ '^clock-' ORDER BY sensor_id`,
    );
    expect(rows.map(({ device_time }) => device_time)).toEqual(
      sent.map((time): unknown => JSON.parse(time)),
    );
    for (const { time } of rows) {
      expect(time.getTime()).toBeGreaterThanOrEqual(before - 1_000);
      expect(time.getTime()).toBeLessThanOrEqual(Date.now() + 1_000);
    }
    await eventually(async () => {
      expect((await zdenergy.stats()).tcp.times_replaced).toBe(sent.length);
    });
    await expectLedger();
  });

  it('stand in partitions for every month that readings come from', async () => {
    const months = Array.from({ length: 130 }, (_, n) => {
      const month = new Date(Date.UTC(2015, n, 15));
      return month.toISOString().slice(0, 7);
    });
    await send(
      months.map((month) => `{"id":"years","time":"${month}-15 12:00:00","temp":1}`).join(''),
      {
        stored: months.length,
      },
    );
    const { n, misplaced } = await database.row(
      `SELECT count(DISTINCT tableoid)::int AS n,
              count(*) FILTER (WHERE tableoid::regclass::text <> 'readings_' || to_char(time, 'YYYY_MM'))::int AS misplaced
         FROM readings WHERE sensor_id = 'years'`,
    );
    expect({ n, misplaced }).toEqual({ n: months.length, misplaced: 0 });
    await expectLedger();
  });
});

describe('one sensor and one time', () => {
  const reading = (n: number, temp: number): string =>
    `{"id":"once","time":"2025-05-01 00:00:${String(n).padStart(2, '0')}","temp":${temp},"note":"x"}\n`;
  const ten = Array.from({ length: 10 }, (_, n) => reading(n, n)).join('');

  it('stores a reading once, however often it comes, together or apart', async () => {
    await send(ten, { stored: 10 });
    await send(ten, { duplicates: 10 });
    await send(ten + ten + reading(10, 10) + reading(10, 10), { duplicates: 21, stored: 1 });
  });

  it('takes another number format for the same reading', async () => {
    await send('{"note":"x","temp":"3.0","time":"2025-05-01T00:00:03Z","id":"once"}', {
      duplicates: 1,
    });
  });

  it('refuses another reading that claims them, and shows it with peer, reason and words', async () => {
    const other = '{"id":"once","time":"2025-05-01T00:00:04Z","temp":99,"note":"x"}';
    const sameTwice = [1, 2].map(
      (temp) => `{"id":"twice","time":"2025-05-01 00:00:00","temp":${temp}}`,
    );
    const peer = await send(`${other}\n${sameTwice.join('\n')}`, { rejected: 2, stored: 1 });
    const [first, second] = await rejects(peer);
    expect(first).toEqual({
      reason: expect.stringContaining('another reading') as string,
      raw: other,
    });
    expect(second).toMatchObject({ raw: expect.stringContaining('"temp":2') as string });
    expect(
      await database.rows(
        `SELECT temperature FROM readings WHERE sensor_id IN ('once', 'twice') ORDER BY sensor_id, time`,
      ),
    ).toEqual(
      [...Array.from({ length: 11 }, (_, n) => n), 1].map((temperature) => ({ temperature })),
    );
    await expectLedger();
  });
});

it('does not press the database while somebody else moves the position of its journal', async () => {
  // Its own move finds no row each time; a sequence counts what is rolled back, too.
  await database.rows(`
    CREATE SEQUENCE tries;
    CREATE FUNCTION found_elsewhere() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN PERFORM nextval('tries'); RETURN NULL; END $$;
    CREATE TRIGGER elsewhere BEFORE UPDATE ON journals FOR EACH ROW EXECUTE FUNCTION found_elsewhere()`);
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  await gateway.end('{"id":"patient","temp":1}');
  await sleep(3_000);
  const { tries } = await database.row<{ tries: number }>(
    'SELECT last_value::int AS tries FROM tries',
  );
  await database.rows('DROP TRIGGER elsewhere ON journals');
  expected.received += 1;
  expected.stored += 1;
  await expectLedger();
  expect(tries).toBeGreaterThan(1);
  expect(tries).toBeLessThan(10);
});

it('keeps its ledger when it starts again', async () => {
  const before = (await zdenergy.stats()).ledger;
  await zdenergy.stop();
  await zdenergy.start();
  expect(await zdenergy.settledLedger(expected.received)).toEqual(before);
});
