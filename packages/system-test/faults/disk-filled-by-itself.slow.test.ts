/**
 * Row 10: the database is away until the journal has filled its disk: gateways wait, also those of a
 * worker that starts with the disk full, and once the database is back draining makes room.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import { ExternalPostgres } from '../src/external-postgres.js';
import { figure, inWords } from '../src/figures.js';
import { isWhole, noticed, resumed, standStill } from '../src/full-journal.js';
import { Gateway } from '../src/gateway.js';
import { recordsOf, segmentsOf } from '../src/journal-files.js';
import { smallDisk } from '../src/small-disk.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { nextProcessOf } from '../src/workers.js';
import { Zdenergy } from '../src/zdenergy.js';

const errorWithinMs = 10_000;
/** Nothing is taken for so long: it is full, and no commit is merely late. */
const waitsMs = 2_000;
const queueBytes = 1_000_000;

const releases = new Releases();
afterAll(() => releases.release());

/** Large objects, so that the disk is full in seconds; they answer like any other. */
class FatGateway {
  sent = 0;
  readonly #gateway: Gateway;
  readonly #text = 'x'.repeat(60_000);

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  get acked(): number {
    return this.#gateway.answers.length;
  }

  #send(): void {
    const time = 1_700_000_000 + this.sent;
    this.#gateway.send(`{"id":"fat","time":${time},"seq":${this.sent},"text":"${this.#text}"}\n`);
    this.sent += 1;
  }

  /** Sends until the system takes no more of it; resolves with when that began. */
  async sendUntilItWaits(): Promise<number> {
    let takenAtMs = performance.now();
    while (performance.now() - takenAtMs < waitsMs) {
      if (this.#gateway.unsentBytes < queueBytes) takenAtMs = performance.now();
      while (this.#gateway.unsentBytes < queueBytes) this.#send();
      await sleep(10);
    }
    return takenAtMs;
  }
}

it.each([
  { name: 'to the last byte', settings: {} },
  { name: 'up to the reserve', settings: { JOURNAL_RESERVE_BYTES: '' } },
])(
  'the database is away until the disk is full $name, and the worker is killed meanwhile',
  async ({ name, settings }) => {
    const postgres = await ExternalPostgres.start(releases);
    const zdenergy = await Zdenergy.prepare(releases, {
      TCP_ACK: 'on',
      DATABASE_URL: postgres.url,
    });
    const disk = await smallDisk(zdenergy.dataDirectory, releases);
    await zdenergy.start({ ...disk.settings, ...settings });
    await zdenergy.whenHealth('ok');
    const gateways = ['away-1', 'away-2'].map((sensorId) =>
      new SteadyGateway(zdenergy.ports.tcp, sensorId, 500).start(),
    );
    for (const gateway of gateways) releases.push(() => gateway.destroy());
    const [witness] = gateways;
    await eventually(() => expect(witness.acked.size).toBeGreaterThan(200));

    await postgres.stop();
    const fat = new FatGateway(await Gateway.connect(zdenergy.ports.tcp, releases));
    const fullAtMs = await fat.sendUntilItWaits();
    await noticed(zdenergy);
    const errorMs = performance.now() - fullAtMs;
    expect(errorMs).toBeLessThan(errorWithinMs);
    await standStill(gateways);
    await isWhole(zdenergy);
    const fatAcked = fat.acked;
    expect(fatAcked).toBeGreaterThan(100);

    // One that starts with the disk full has to wait as well, not to die, once what it gets first no
    // longer fits into what is left.
    const pid = await zdenergy.pidOf('ingest-1');
    process.kill(pid, 'SIGKILL');
    const next = await nextProcessOf(zdenergy, 'ingest-1', pid);
    await noticed(zdenergy);
    await eventually(() => standStill(gateways));
    const segments = segmentsOf(join(zdenergy.dataDirectory, 'journal', 'ingest-1'));
    // Throws at what is no record.
    const held = segments.flatMap(recordsOf).reduce((sum, { readings }) => sum + readings, 0);
    expect(held).toBeGreaterThanOrEqual(fatAcked);
    const acked = witness.acked.size;
    await postgres.start();
    const resumesMs = await resumed(witness, acked);
    await zdenergy.whenHealth('ok');
    expect(await zdenergy.pidOf('ingest-1')).toBe(next);
    for (const gateway of gateways) await gateway.finish();
    const account = await accountFor(zdenergy, postgres.database, gateways);
    figure(
      '10',
      `zdenergy fills it ${name}, the database away, the worker killed`,
      `error after ${inWords(errorMs)}, nothing acknowledged meanwhile, resumes ${inWords(resumesMs)} ` +
        `after the database is back; ${accountInWords(account)}`,
    );
    expect(account).toMatchObject({ lost: 0, twice: 0, unbalanced: 0 });
    expect(await postgres.database.count('readings', 'fat')).toBeGreaterThanOrEqual(fatAcked);
    await isWhole(zdenergy);
    await zdenergy.stop();
  },
);
