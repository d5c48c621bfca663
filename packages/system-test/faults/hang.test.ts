/** Row 3: the TCP worker's event loop is blocked by a real busy loop; health says so, and it is replaced. */
import { Releases } from '@zdenergy/core';
import { blockLoop, debuggable } from '../src/busy-loop.js';
import { figure, inWords } from '../src/figures.js';
import { Gateway } from '../src/gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const noticedWithinMs = 15_000;
const servingWithinMs = 20_000;

const releases = new Releases();
afterAll(() => releases.release());

it('a busy loop in the TCP worker gives 503 within 15 s, and it serves again within 20 s', async () => {
  const zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on', ...debuggable });
  await zdenergy.whenHealth('ok');
  const pid = await zdenergy.pidOf('ingest-1');
  await blockLoop(zdenergy, pid);
  const blockedAtMs = performance.now();

  const health = await zdenergy.whenHealth('error', noticedWithinMs);
  const noticedMs = performance.now() - blockedAtMs;
  expect(health.tcp_server.thread_alive).toBe(false);
  expect((await zdenergy.ask('/api/health')).statusCode).toBe(503);

  // It waits in the backlog, and the next worker serves it.
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  gateway.send('{"id":"after the hang","temp":1,"seq":1}');
  await eventually(() => expect(gateway.answers).toEqual([{ ack: 1 }]), servingWithinMs);
  const servingMs = performance.now() - blockedAtMs;
  expect(noticedMs).toBeLessThan(noticedWithinMs);
  expect(servingMs).toBeLessThan(servingWithinMs);
  expect(await zdenergy.pidOf('ingest-1')).not.toBe(pid);
  expect(zdenergy.program.output).toMatch(/🔄 restarting ingest-1 .*it hung/);
  await zdenergy.whenHealth('ok');
  figure(
    '3',
    'hang: busy loop in the TCP worker',
    `503 after ${inWords(noticedMs)}, serving again after ${inWords(servingMs)}`,
  );
});
