/**
 * Row 7: somebody connects every 100 ms while workers are killed and reloaded: nobody is refused,
 * and everybody is served in the end.
 */
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import { figure, inWords } from '../src/figures.js';
import { ask } from '../src/http.js';
import { deliver, Visitors } from '../src/visitors.js';
import { reload, replaced } from '../src/workers.js';
import { Zdenergy } from '../src/zdenergy.js';

const everyMs = 100;
const reloads = 5;
/** Before each reload, so that there are 20 in all. */
const killsBeforeReload = ['ingest-1', 'api', 'ingest-1', 'api'];
const workers = ['ingest-1', 'api'];

const releases = new Releases();
afterAll(() => releases.release());

it('20 kills and 5 reloads: nobody is refused, and everybody is served', async () => {
  const zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
  await zdenergy.whenHealth('ok');
  const { tcp, http } = zdenergy.ports;
  const gateways = new Visitors('gateways', everyMs, (seq) => deliver(tcp, 'gateways', seq));
  const monitors = new Visitors('monitors', everyMs, () => ask(http, '/api/health'));
  for (const visitors of [gateways, monitors]) releases.push(() => visitors.stop());

  for (let round = 0; round < reloads; round += 1) {
    for (const name of killsBeforeReload) {
      const pid = await zdenergy.pidOf(name);
      process.kill(pid, 'SIGKILL');
      await replaced(zdenergy, name, pid);
    }
    const before = await Promise.all(workers.map((name) => zdenergy.pidOf(name)));
    await reload(zdenergy);
    const after = await Promise.all(workers.map((name) => zdenergy.pidOf(name)));
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  }

  for (const visitors of [gateways, monitors]) await visitors.stop();
  const account = await accountFor(zdenergy, await zdenergy.database(), [gateways]);
  const inAll = [gateways, monitors].map(
    ({ sent, failures, cameAgain, longestMs }) =>
      `${failures.length} of ${sent} refused, ${cameAgain} came again, the longest waited ${inWords(longestMs)}`,
  );
  figure(
    '7',
    'connecting every 100 ms through 20 kills and 5 reloads',
    `TCP: ${inAll[0]}; HTTP: ${inAll[1]}; ${accountInWords(account)}`,
  );
  for (const { failures, acked, sent } of [gateways, monitors]) {
    expect(failures).toEqual([]);
    expect(acked.size).toBe(sent);
    expect(sent).toBeGreaterThan(100);
  }
  expect(account).toMatchObject({ lost: 0, twice: 0, unbalanced: 0, rejected: 0 });
});
