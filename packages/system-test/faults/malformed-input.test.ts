/**
 * Row 17: malformed streams from many gateways, cut into packets anywhere. Their valid neighbours are
 * all acknowledged and stored, the worker neither dies nor grows, and the ledger balances.
 */
import { Releases } from '@zdenergy/core';
import { figure } from '../src/figures.js';
import { Gateway } from '../src/gateway.js';
import { MalformedStreams } from '../src/malformed.js';
import { residentBytes } from '../src/processes.js';
import { randomPieces, seededRandom } from '../src/random.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const gatewayCount = 400;
const streamsPerGateway = 50;
const gatewaysAtOnce = 8;
/** The first gateways make the worker's buffers and its code as large as they get. */
const warmUpGateways = 80;
const mayGrowBytes = 50 * 1024 * 1024;
/** Mostly whole or in a few packets: each costs a call of the system on both sides. */
const packetBytes = [20, 200, 1_500, 65_536, 65_536, 65_536];
const firstTimeMs = Date.UTC(2024, 0, 1);

const releases = new Releases();
afterAll(() => releases.release());

const random = seededRandom(17);
const malformed = new MalformedStreams(random);
let neighbours = 0;

/** A valid reading that no other is like. */
function neighbour(): { seq: string; line: string } {
  neighbours += 1;
  const seq = `neighbour-${neighbours}`;
  const time = new Date(firstTimeMs + neighbours * 1_000).toISOString();
  return { seq, line: `{"id":"neighbour","time":"${time}","temp":1,"seq":"${seq}"}\n` };
}

/** Sends its streams, each with a neighbour before it and two behind; returns whose answer is missing. */
async function sendStreams(port: number): Promise<string[]> {
  const gateway = await Gateway.connect(port, releases);
  const sent: string[] = [];
  for (let count = 0; count < streamsPerGateway; count += 1) {
    const [before, first, second] = [neighbour(), neighbour(), neighbour()];
    sent.push(before.seq, first.seq, second.seq);
    const bytes = Buffer.concat([
      Buffer.from(before.line),
      malformed.next(),
      Buffer.from(`\n${first.line}${second.line}`),
    ]);
    const maxPacketBytes = packetBytes[Math.floor(random() * packetBytes.length)];
    await gateway.sendInPieces(randomPieces(bytes, maxPacketBytes, random));
  }
  await gateway.end();
  const acked = new Set(gateway.answers.map(({ ack }) => ack));
  return sent.filter((seq) => !acked.has(seq));
}

/** So many gateways, a few at a time; returns whose answers are missing. */
async function sendFrom(count: number, port: number): Promise<string[]> {
  const missing: string[] = [];
  let left = count;
  const sendNext = async (): Promise<void> => {
    for (; left > 0;) {
      left -= 1;
      missing.push(...(await sendStreams(port)));
    }
  };
  await Promise.all(Array.from({ length: gatewaysAtOnce }, sendNext));
  return missing;
}

it('keeps every valid reading around malformed ones, and lives', async () => {
  const zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
  const database = await zdenergy.database();
  const { tcp } = zdenergy.ports;
  const pid = await zdenergy.pidOf('ingest-1');

  const missing = await sendFrom(warmUpGateways, tcp);
  const warmBytes = residentBytes(pid);
  missing.push(...(await sendFrom(gatewayCount - warmUpGateways, tcp)));
  const grewBytes = residentBytes(pid) - warmBytes;

  // The tables are the witness of what the ledger says, which is as old as the worker's last heartbeat.
  const { ledger, workers } = await eventually(async () => {
    const stats = await zdenergy.stats();
    expect(stats.ledger).toMatchObject({
      stored: await database.count('readings'),
      rejected: await database.count('rejected_readings'),
      pending: 0,
    });
    return stats;
  });
  const stored = await database.count('readings', 'neighbour');
  const rejected = await database.count('rejected_readings');
  figure(
    '17',
    `${(gatewayCount * streamsPerGateway).toLocaleString('en')} mutated streams over TCP`,
    `${missing.length} of ${neighbours.toLocaleString('en')} valid neighbours not acknowledged, ${neighbours - stored} not stored; ` +
      `${rejected.toLocaleString('en')} refused; memory grew by ${Math.round(grewBytes / 1024 / 1024)} MB`,
  );
  expect(missing).toEqual([]);
  expect(stored).toBe(neighbours);
  expect(workers.map(({ restarts }) => restarts)).toEqual(workers.map(() => 0));
  expect(await zdenergy.pidOf('ingest-1')).toBe(pid);
  expect(grewBytes).toBeLessThan(mayGrowBytes);
  expect(rejected).toBeGreaterThan(0);
  expect(ledger.received).toBe(ledger.stored + ledger.duplicates + ledger.rejected);
  await zdenergy.whenHealth('ok');
});
