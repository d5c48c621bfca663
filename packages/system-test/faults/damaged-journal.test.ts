/**
 * Row 11: the machine dies with the database away and the journal full, and its files are cut or
 * damaged: everything that is still whole is recovered, and the rest is counted and kept aside.
 */
import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Releases } from '@zdenergy/core';
import { figure, inWords } from '../src/figures.js';
import { recordsOf, segmentsOf, type RecordPlace } from '../src/journal-files.js';
import { isRunning, processesOf, signalAll } from '../src/processes.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const noDatabase = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere' };
/** The damage must be in the middle of something. */
const leastRecords = 40;

interface Damage {
  readonly what: string;
  /** Damages the file; returns the records that are whole no more. */
  readonly inflict: (path: string, records: readonly RecordPlace[]) => readonly RecordPlace[];
  /** Whether whole records follow, so that what is missing can be told. */
  readonly isCounted: boolean;
  /** Whether bytes are left that can be kept aside. */
  readonly leavesBytes: boolean;
}

/** One for each TCP worker's journal. */
const damages: readonly Damage[] = [
  {
    what: 'cut in the last record’s header',
    inflict: (path, records) => cutAt(path, records, ({ at }) => at + 20),
    isCounted: false,
    leavesBytes: true,
  },
  {
    what: 'cut in the middle of the last record',
    inflict: (path, records) => cutAt(path, records, ({ at, end }) => Math.floor((at + end) / 2)),
    isCounted: false,
    leavesBytes: true,
  },
  {
    what: 'cut one byte before the end',
    inflict: (path, records) => cutAt(path, records, ({ end }) => end - 1),
    isCounted: false,
    leavesBytes: true,
  },
  {
    what: 'a bit flipped in a record’s rows',
    inflict: (path, records) => change(path, records, middleOf(records).at + 60, 1),
    isCounted: true,
    leavesBytes: true,
  },
  {
    what: 'a bit flipped in a record’s header',
    inflict: (path, records) => change(path, records, middleOf(records).at + 9, 1),
    isCounted: true,
    leavesBytes: true,
  },
  {
    what: 'a bit flipped in the file’s header',
    inflict: (path, records) => change(path, records, 10, 1),
    isCounted: true,
    leavesBytes: false,
  },
  {
    what: 'a kilobyte of zeros in the middle',
    inflict: (path, records) => change(path, records, middleOf(records).at + 30, 1_024),
    isCounted: true,
    leavesBytes: true,
  },
  {
    what: 'half a record more at the end',
    inflict: (path, records) => {
      const { at, end } = records[records.length - 1];
      appendFileSync(path, readFileSync(path).subarray(at, Math.floor((at + end) / 2)));
      return [];
    },
    isCounted: true,
    leavesBytes: true,
  },
];

function middleOf(records: readonly RecordPlace[]): RecordPlace {
  return records[Math.floor(records.length / 2)];
}

function cutAt(
  path: string,
  records: readonly RecordPlace[],
  where: (last: RecordPlace) => number,
): RecordPlace[] {
  const last = records[records.length - 1];
  truncateSync(path, where(last));
  return [last];
}

/** Flips a bit of one byte, or sets several to zero. */
function change(
  path: string,
  records: readonly RecordPlace[],
  from: number,
  count: number,
): RecordPlace[] {
  const bytes = readFileSync(path);
  if (count === 1) bytes[from] ^= 0x10;
  else bytes.fill(0, from, from + count);
  writeFileSync(path, bytes);
  return records.filter(({ at, end }) => at < from + count && end > from);
}

const readingsIn = (records: readonly RecordPlace[]): number =>
  records.reduce((sum, { readings }) => sum + readings, 0);

const releases = new Releases();
afterAll(() => releases.release());

it('recovers every whole record of eight damaged journals; the ledger accounts for the rest', async () => {
  const zdenergy = await Zdenergy.prepare(releases, { TCP_ACK: 'on' });
  const journalOf = (index: number): string =>
    join(zdenergy.dataDirectory, 'journal', `ingest-${index + 1}`);
  await zdenergy.start({ ...noDatabase, INGEST_WORKERS: String(damages.length) });
  const gateways: SteadyGateway[] = [];
  const recordsIn = (index: number): number =>
    segmentsOf(journalOf(index)).flatMap((path) => recordsOf(path)).length;
  // The kernel chooses the worker, so there are gateways until each worker has some.
  await eventually(() => {
    const gateway = new SteadyGateway(zdenergy.ports.tcp, `whole-${gateways.length}`, 20).start();
    gateways.push(gateway);
    releases.push(() => gateway.destroy());
    for (const index of damages.keys()) {
      expect(recordsIn(index)).toBeGreaterThan(leastRecords);
    }
  });
  for (const gateway of gateways) await gateway.finish();
  const sent = gateways.reduce((sum, gateway) => sum + gateway.sent, 0);
  signalAll(processesOf(zdenergy.dataDirectory), 'SIGKILL');
  await eventually(() => {
    expect(processesOf(zdenergy.dataDirectory).filter(isRunning)).toEqual([]);
  });

  let written = 0;
  let broken = 0;
  let counted = 0;
  for (const [index, { inflict, isCounted }] of damages.entries()) {
    const paths = segmentsOf(journalOf(index));
    written += readingsIn(paths.flatMap((path) => recordsOf(path)));
    const path = paths[paths.length - 1];
    const unreadable = readingsIn(inflict(path, recordsOf(path)));
    broken += unreadable;
    if (isCounted) counted += unreadable;
  }
  expect(written).toBe(sent);
  expect(broken).toBeGreaterThan(counted);

  // Now with a database, and one worker that takes over what the others left.
  await zdenergy.start();
  const database = await zdenergy.database();
  const drainedMs = await timed(() => zdenergy.settledLedger(sent - broken + counted));
  expect(await database.count('readings')).toBe(sent - broken);
  const { ledger } = await zdenergy.stats();
  expect(ledger).toMatchObject({ stored: sent - broken, duplicates: 0, rejected: counted });
  for (const { sensorId, sent: sentByIt } of gateways) {
    expect(await database.count('readings', sensorId)).toBeLessThanOrEqual(sentByIt);
  }
  const reasons = await database.rows('SELECT reason FROM rejected_readings');
  expect(reasons.length).toBeGreaterThan(0);
  for (const { reason } of reasons) expect(reason).toMatch(/the journal is damaged: \d+ readings/);
  for (const [index, { what, leavesBytes }] of damages.entries()) {
    const isKept = existsSync(join(journalOf(index), 'damaged'));
    expect({ what, isKept }).toEqual({ what, isKept: leavesBytes });
  }
  expect(zdenergy.program.output).toMatch(/❌ The journal was damaged/);
  await zdenergy.whenHealth('ok');
  figure(
    '11',
    `${damages.length} journals cut or damaged after kill -9, database away`,
    `${(sent - broken).toLocaleString('en')} of ${(sent - broken).toLocaleString('en')} whole readings recovered in ${inWords(drainedMs)}; ` +
      `${broken} unreadable, of which ${counted} counted; the ledger balances`,
  );
});
