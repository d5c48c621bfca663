/**
 * Row 10: somebody fills the journal's disk: nothing is acknowledged, nobody dies of it, and with
 * space again it goes on with whole records.
 */
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import { figure, inWords } from '../src/figures.js';
import { isWhole, noticed, resumed, standStill } from '../src/full-journal.js';
import { smallDisk } from '../src/small-disk.js';
import { askingMeanwhile, promptnessInWords } from '../src/steady-client.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const answeredWithinMs = 100;
const okWithinMs = 10_000;

const releases = new Releases();
afterAll(() => releases.release());

it('somebody fills it under load, twice', async () => {
  const zdenergy = await Zdenergy.prepare(releases, { TCP_ACK: 'on' });
  const disk = await smallDisk(zdenergy.dataDirectory, releases);
  await zdenergy.start(disk.settings);
  await zdenergy.whenHealth('ok');
  const pid = await zdenergy.pidOf('ingest-1');
  const gateways = ['full-1', 'full-2'].map((sensorId) =>
    new SteadyGateway(zdenergy.ports.tcp, sensorId, 500).start(),
  );
  for (const gateway of gateways) releases.push(() => gateway.destroy());
  const errorMs: number[] = [];
  const resumesMs: number[] = [];
  const promptness = await askingMeanwhile(zdenergy.ports.http, releases, async () => {
    for (let round = 0; round < 2; round += 1) {
      const [{ acked }] = gateways;
      const before = acked.size;
      await eventually(() => expect(acked.size).toBeGreaterThan(before + 500));
      await disk.fill();
      errorMs.push(await noticed(zdenergy));
      await standStill(gateways);
      await isWhole(zdenergy);
      const ackedBefore = acked.size;
      await disk.empty();
      resumesMs.push(await resumed(gateways[0], ackedBefore));
      await zdenergy.whenHealth('ok', okWithinMs);
    }
  });
  for (const gateway of gateways) await gateway.finish();
  const account = await accountFor(zdenergy, await zdenergy.database(), gateways);
  figure(
    '10',
    'disk filled under load, twice',
    `error after ${inWords(Math.max(...errorMs))}, nothing acknowledged meanwhile, resumes ` +
      `${inWords(Math.max(...resumesMs))} after space; ${accountInWords(account)}; ${promptnessInWords(promptness)}`,
  );
  expect(account).toMatchObject({ lost: 0, twice: 0, rejected: 0, unbalanced: 0 });
  for (const gateway of gateways) {
    expect(gateway).toMatchObject({ connections: 1, resent: 0, surprises: [] });
    expect(gateway.acked.size).toBe(gateway.sent);
  }
  // It waited rather than dying over it.
  expect(await zdenergy.pidOf('ingest-1')).toBe(pid);
  expect(promptness.failures).toEqual([]);
  expect(promptness.p95Ms).toBeLessThan(answeredWithinMs);
  await isWhole(zdenergy);
  await zdenergy.stop();
});
