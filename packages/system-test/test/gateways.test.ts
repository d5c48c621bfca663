/** What gateways send and how: framings, splits, drips; and the answers that they get. */
import { Releases } from '@zdenergy/core';
import type { Database } from '../src/database.js';
import { Gateway, sendOnePerConnection } from '../src/gateway.js';
import { officeObjects, officeReadingCount } from '../src/office-readings.js';
import { randomPieces, seededRandom } from '../src/random.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';
import { expectWholeOffice } from './whole-office.js';

const releases = new Releases();
afterAll(() => releases.release());

interface ListOfSensors {
  readonly sensors: { sensor_id: string; last_reading: { temp: number } }[];
}

let zdenergy: Zdenergy;
let database: Database;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
  database = await zdenergy.database();
});

const connect = (): Promise<Gateway> => Gateway.connect(zdenergy.ports.tcp, releases);

it('stores a real sensor’s week that comes in one stream', async () => {
  const gateway = await connect();
  await gateway.end(officeObjects('stream').join('\n'));
  await expectWholeOffice(database, 'stream');
});

it('stores it when each object comes on a connection of its own', async () => {
  await sendOnePerConnection(zdenergy.ports.tcp, officeObjects('each'), 64);
  await expectWholeOffice(database, 'each');
});

it.each([1, 2, 3])('stores it when it is split at random (seed %i)', async (seed) => {
  const gateway = await connect();
  const bytes = Buffer.from(officeObjects(`split-${seed}`).join('\r\n'));
  await gateway.sendInPieces(randomPieces(bytes, 2_000, seededRandom(seed)));
  await gateway.end();
  await expectWholeOffice(database, `split-${seed}`);
});

it('understands every framing on one connection, split at every byte', async () => {
  const time = (n: number): string => `2025-03-01 00:00:${String(n).padStart(2, '0')}`;
  const object = (n: number): string =>
    `{"id":"fram\u00efng-\u{1f321}","time":"${time(n)}","temp":${n}}`;
  const text =
    `${object(1)}\n${object(2)}\r\n` +
    `${object(3)}${object(4)} \t ${object(5)}` +
    `\u0000\u0000${object(6)}\ufeff${object(7)}` +
    `[${object(8)}, ${object(9)}\n,${object(10)}]` +
    object(11).replaceAll(',', ',\n  ') +
    `garbage {"id": "damaged", "temp": } ${object(12)}` +
    `{"id":"unfinished", "temp": 5 \n${object(13)}` +
    object(14);
  const gateway = await connect();
  await gateway.sendInPieces(randomPieces(Buffer.from(text), 1, () => 0));
  await gateway.end();
  await eventually(async () => {
    const rows = await database.rows(
      `SELECT temperature, extract(second FROM time)::int AS second FROM readings
        WHERE sensor_id = 'fram\u00efng-\u{1f321}' ORDER BY time`,
    );
    expect(rows).toEqual(
      Array.from({ length: 14 }, (_, index) => ({ temperature: index + 1, second: index + 1 })),
    );
  });
});

it('has a reading in Postgres within a second', async () => {
  const gateway = await connect();
  for (let n = 0; n < 5; n += 1) {
    const tookMs = await timed(async () => {
      gateway.send(`{"id":"prompt-${n}","temp":20}\n`);
      await eventually(async () => {
        expect(await database.count('readings', `prompt-${n}`)).toBe(1);
      });
    });
    expect(tookMs).toBeLessThan(1_000);
  }
});

it('acknowledges what it keeps and refuses the rest, each by its seq and in order', async () => {
  const gateway = await connect();
  gateway.send(
    '{"id":"answered","time":"2025-03-01 00:00:01","temp":20.5,"seq":1}\n' +
      '{"id":"answered","time":"2025-03-01 00:00:02","temp":"n/a","seq":"two"}\n' +
      '{"id":"answered","time":"2025-03-01 00:00:03","temp":20.5}\n' +
      '{"id":"answered","seq":4}\n' +
      '{"id":"answered","time":"2025-03-01 00:00:05","temp":20.5,"seq":"five"}\n',
  );
  await eventually(() => expect(gateway.answers).toHaveLength(4));
  const reason: unknown = expect.stringMatching(/\w/);
  expect(gateway.answers).toEqual([
    { ack: 1 },
    { nack: 'two', reason },
    { nack: 4, reason },
    { ack: 'five' },
  ]);
  await eventually(async () => expect(await database.count('readings', 'answered')).toBe(3));
});

it('serves a thousand gateways at once, and those that drip slow none of the others', async () => {
  const gateways = await Promise.all(Array.from({ length: 1_000 }, connect));
  const slow = gateways.slice(0, 100);
  const quick = gateways.slice(100);
  const drops = slow.map((_, n) => Buffer.from(`{"id":"drip-${n}","temp":${n},"seq":0}`));
  let dropped = 0;
  const drip = setInterval(() => {
    for (const [n, gateway] of slow.entries())
      gateway.send(drops[n].subarray(dropped, dropped + 1));
    dropped += 1;
  }, 100);
  releases.push(() => clearInterval(drip));

  const rounds = 5;
  const roundMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const tookMs = await timed(async () => {
      for (const [n, gateway] of quick.entries()) {
        gateway.send(`{"id":"quick-${n}","time":${1_700_000_000 + round},"temp":1,"seq":${round}}`);
      }
      await eventually(() => {
        expect(quick.filter((gateway) => gateway.answerTo(round) === undefined)).toHaveLength(0);
      });
    });
    roundMs.push(tookMs);
  }
  // Measured: about 60 ms. A single drip that held the others up would cost seconds.
  expect(Math.max(...roundMs)).toBeLessThan(2_000);
  await eventually(() => {
    expect(slow.filter((gateway) => gateway.answerTo(0) === undefined)).toHaveLength(0);
  });
  await eventually(async () => {
    const { n } = await database.row<{ n: number }>(
      `SELECT count(*)::int AS n FROM readings WHERE sensor_id ~ '^(quick|drip)-'`,
    );
    expect(n).toBe(quick.length * rounds + slow.length);
  });
  for (const gateway of gateways) gateway.destroy();
});

it('has accounted for everything: the ledger agrees with the tables', async () => {
  const stored = await database.count('readings');
  const rejected = await database.count('rejected_readings');
  expect(stored).toBeGreaterThan(5 * officeReadingCount);
  const ledger = await eventually(async () => {
    const { ledger: latest } = await zdenergy.stats();
    expect(latest).toMatchObject({ pending: 0, stored, rejected });
    return latest;
  });
  // Every object had its own sensor and time.
  expect(ledger.duplicates).toBe(0);
  expect(ledger.received).toBe(stored + rejected);
});

it('shows a sensor that is asked for by name as new as its readings, before its summary is', async () => {
  const gateway = await connect();
  const list = async (): Promise<ListOfSensors['sensors']> =>
    (JSON.parse((await zdenergy.ask('/api/sensors?sensor_id=newest')).body) as ListOfSensors)
      .sensors;
  gateway.send('{"id":"newest","temp":1}\n');
  await eventually(async () => expect(await list()).toHaveLength(1), 60_000);
  gateway.send('{"id":"newest","temp":2}\n');
  // The summary takes ten seconds and more.
  await eventually(async () => expect((await list())[0]?.last_reading.temp).toBe(2), 2_000);
  await gateway.end();
}, 90_000);
