/**
 * Row 13: readings that Postgres cannot hold, or that are none, one among the good ones of each
 * batch: every other reading is stored at once, and the bad one stands in `rejected_readings`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import type { Database } from '../src/database.js';
import { figure, inWords } from '../src/figures.js';
import { Gateway } from '../src/gateway.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

/** From the figures. */
const storedWithinMs = 10_000;
const goodBeside = 500;
/** A commit comes every 20 ms and a part is stored every 40 ms: after longer, the next is another. */
const nextBatchMs = 150;

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;
let database: Database;
/** Everything that was sent so far. */
const sent = { good: 0, bad: 0 };
let slowestMs = 0;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases);
  database = await zdenergy.database();
});

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const inExtra = (json: string): Buffer =>
  bytes(`{"id":"p","time":"2025-01-01 00:00:00","temp":1,"x":${json}}`);

interface Poison {
  readonly name: string;
  readonly sent: Buffer;
  readonly reason: RegExp;
}

const poisons: readonly Poison[] = [
  { name: 'a NUL in an id', sent: bytes('{"id":"a\\u0000b","temp":1}'), reason: /NUL/ },
  { name: 'a NUL in extra', sent: inExtra('"\\u0000"'), reason: /NUL/ },
  { name: 'a NUL deep in extra', sent: inExtra('[{"y":["\\u0000"]}]'), reason: /NUL/ },
  {
    name: 'a NUL in a name',
    sent: bytes('{"id":"p","temp":1,"x\\u0000":1}'),
    reason: /name of a field .*NUL/,
  },
  { name: 'the first half of a surrogate pair', sent: inExtra('"\\ud800"'), reason: /surrogate/ },
  { name: 'the second half', sent: inExtra('"\\udc00x"'), reason: /surrogate/ },
  { name: 'both in the wrong order', sent: inExtra('"\\udc00\\ud800"'), reason: /surrogate/ },
  { name: 'half of one in an id', sent: bytes('{"id":"\\udfff","temp":1}'), reason: /surrogate/ },
  { name: 'an overflow', sent: bytes('{"id":"p","temp":1e999}'), reason: /^temp / },
  { name: 'an overflow below', sent: bytes('{"id":"p","rh":-1.8e308}'), reason: /^rh / },
  { name: 'an overflow in a text', sent: bytes('{"id":"p","lux":"1e400"}'), reason: /^lux / },
  {
    name: 'an overflow by digits',
    sent: bytes(`{"id":"p","irradiance":${'9'.repeat(400)}}`),
    reason: /^irradiance /,
  },
  { name: 'a number too large for jsonb', sent: inExtra('1e200000'), reason: /^x .*digits/ },
  { name: 'a number too small for jsonb', sent: inExtra('1e-20000'), reason: /^x .*digits/ },
  { name: 'too many decimals', sent: inExtra(`0.${'1'.repeat(17_000)}`), reason: /^x .*digits/ },
  {
    name: 'a huge exponent deep in extra',
    sent: inExtra(`[{"y":-1E+${'9'.repeat(40)}}]`),
    reason: /^x .*digits/,
  },
  { name: 'a byte that is never UTF-8', sent: bytes('{"id":"p\xff","temp":1}'), reason: /UTF-8/ },
  { name: 'half a character', sent: inExtra('"\xe2\x82"'), reason: /UTF-8/ },
  { name: 'an overlong character', sent: inExtra('"\xc0\x80"'), reason: /UTF-8/ },
  { name: 'a surrogate in UTF-8', sent: inExtra('"\xed\xa0\x80"'), reason: /UTF-8/ },
  {
    name: 'lists 40 deep',
    sent: inExtra('['.repeat(40) + ']'.repeat(40)),
    reason: /JSON/,
  },
  {
    name: 'lists 10,000 deep',
    sent: inExtra('['.repeat(10_000) + ']'.repeat(10_000)),
    reason: /JSON/,
  },
  { name: 'a word', sent: bytes('{"id":"p","temp":"n/a"}'), reason: /"n\/a"/ },
  { name: 'a truth', sent: bytes('{"id":"p","rh":true}'), reason: /rh is not a number: true/ },
  { name: 'a list', sent: bytes('{"id":"p","lux":[1]}'), reason: /lux is not a number/ },
  {
    name: 'no measurement',
    sent: bytes('{"id":"p","time":"2025-01-01 00:00:00"}'),
    reason: /neither/,
  },
  { name: 'a long id', sent: bytes(`{"id":"${'x'.repeat(101)}","temp":1}`), reason: /100/ },
  {
    name: 'an endless object',
    sent: bytes(`{"id":"${'x'.repeat(70_000)}"}`),
    reason: /MAX_FRAME_BYTES/,
  },
  { name: 'broken JSON', sent: bytes('{"id":"p","temp":01}'), reason: /JSON/ },
];

/** Good readings of one sensor, from the n-th on. */
function goodReadings(sensorId: string, first: number, count: number): Buffer {
  const lines = Array.from({ length: count }, (_, index) => {
    const time = new Date(Date.UTC(2025, 5, 1, 0, 0, first + index)).toISOString();
    return `{"id":"${sensorId}","time":"${time}","temp":${index}}\n`;
  });
  return Buffer.from(lines.join(''));
}

interface Reject {
  readonly reason: string;
  readonly raw: string;
}

/** Resolves with what was rejected of a peer, once so many readings of a sensor are stored beside it. */
async function fates(peer: string, sensorId: string, good: number, bad: number): Promise<Reject[]> {
  sent.good += good;
  sent.bad += bad;
  let rejects: Reject[] = [];
  const tookMs = await timed(() =>
    eventually(async () => {
      rejects = await database.rows<{ reason: string; raw: string }>(
        'SELECT reason, raw FROM rejected_readings WHERE peer = $1 ORDER BY id',
        [peer],
      );
      const stored = await database.count('readings', sensorId);
      expect({ stored, rejected: rejects.length }).toEqual({ stored: good, rejected: bad });
    }, storedWithinMs),
  );
  expect(tookMs).toBeLessThan(storedWithinMs);
  slowestMs = Math.max(slowestMs, tookMs);
  return rejects;
}

function expectRejected(reject: Reject, { reason }: Poison): void {
  expect(reject).toEqual({
    reason: expect.stringMatching(reason) as string,
    raw: expect.stringMatching(/^\{.*"(id|time)"/) as string,
  });
}

it.each(poisons)('costs only itself: $name', async (poison) => {
  const sensorId = `beside ${poison.name}`;
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  gateway.send(goodReadings(sensorId, 0, goodBeside / 2));
  gateway.send(poison.sent);
  await gateway.end(goodReadings(sensorId, goodBeside / 2, goodBeside / 2));
  const [reject] = await fates(gateway.address, sensorId, goodBeside, 1);
  expectRejected(reject, poison);
});

it('costs only itself when one is in each batch of a stream', async () => {
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  for (const [index, poison] of poisons.entries()) {
    const first = goodReadings('stream', index * 20, 10);
    const second = goodReadings('stream', index * 20 + 10, 10);
    gateway.send(Buffer.concat([first, poison.sent, second]));
    await sleep(nextBatchMs);
  }
  await gateway.end();
  const rejects = await fates(gateway.address, 'stream', poisons.length * 20, poisons.length);
  for (const [index, poison] of poisons.entries()) expectRejected(rejects[index], poison);
});

it('costs only itself when every second object is one', async () => {
  const count = 200;
  const mixed = Array.from({ length: count }, (_, n) => {
    const good = goodReadings('mixed', n, 1);
    return Buffer.concat([good, inExtra(`${n}e200000`)]);
  });
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  await gateway.end(Buffer.concat(mixed));
  await fates(gateway.address, 'mixed', count, count);
});

it('costs only itself when only Postgres knows of it, by a rule that a person has set', async () => {
  await database.rows(`ALTER TABLE readings ADD CONSTRAINT plausible CHECK (temperature < 1000)`);
  const readings = Array.from({ length: 1_000 }, (_, n) => {
    const time = new Date(Date.UTC(2025, 6, 1, 0, 0, n)).toISOString();
    return `{"id":"ruled","time":"${time}","temp":${n % 100 === 50 ? 5_000 : n % 100}}\n`;
  });
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  await gateway.end(readings.join(''));
  for (const reject of await fates(gateway.address, 'ruled', 990, 10)) {
    expect(reject).toEqual({
      reason: expect.stringMatching(/Postgres refuses it: .*plausible/) as string,
      raw: expect.stringMatching(/"id":"ruled".*"temp":5000/) as string,
    });
  }
  await database.rows('ALTER TABLE readings DROP CONSTRAINT plausible');
});

it.each([
  ['2^53 + 1', '9007199254740993'],
  ['a number of forty digits', '1234567890123456789012345678901234567890'],
  ['more than a double holds', `1${'0'.repeat(400)}`],
  ['as many decimals as it was sent with', '0.1000000000000000000000000000001000'],
])('is not %s in an extra field: its digits are kept', async (sensorId, digits) => {
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  const time = '2025-01-01 00:00:00';
  await gateway.end(`{"id":"${sensorId}","time":"${time}","temp":1,"n":${digits}}`);
  expect(await fates(gateway.address, sensorId, 1, 0)).toEqual([]);
  expect(
    await database.rows(`SELECT extra->>'n' AS n FROM readings WHERE sensor_id = $1`, [sensorId]),
  ).toEqual([{ n: digits }]);
});

it('has accounted for everything that was sent', async () => {
  const { good, bad } = sent;
  expect(await zdenergy.settledLedger(good + bad)).toEqual({
    received: good + bad,
    stored: good,
    duplicates: 0,
    rejected: bad,
    pending: 0,
  });
  figure(
    '13',
    `poison readings: ${bad} of ${poisons.length} kinds among ${good.toLocaleString('en')} good ones`,
    `all others stored within ${inWords(slowestMs)}, each bad one rejected with its reason; digits of 2^53+1 kept`,
  );
});
