/**
 * Row 3: the TCP worker hangs, in a busy loop or stopped as a whole; health says so, and it is killed
 * and replaced while gateways wait at the port.
 */
import { Releases } from '@zdenergy/core';
import { blockLoop, debuggable } from '../src/busy-loop.js';
import { figure, inWords } from '../src/figures.js';
import { Gateway } from '../src/gateway.js';
import { isRunning } from '../src/processes.js';
import { askingMeanwhile, promptnessInWords } from '../src/steady-client.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const noticedWithinMs = 15_000;
const servingWithinMs = 20_000;
const answeredWithinMs = 100;

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on', ...debuggable });
});

const hangs = [
  { name: 'a busy loop in the TCP worker', begin: (pid: number) => blockLoop(zdenergy, pid) },
  {
    name: 'kill -STOP of the TCP worker',
    begin: async (pid: number) => void process.kill(pid, 'SIGSTOP'),
  },
];

it.each(hangs)(
  '$name gives 503 within 15 s; it is killed and serves again within 20 s',
  async ({ name, begin }) => {
    await zdenergy.whenHealth('ok');
    const pid = await zdenergy.pidOf('ingest-1');
    const saidBefore = zdenergy.program.output.length;
    await begin(pid);
    const hangsSinceMs = performance.now();
    let noticedMs = Infinity;
    let killedMs = Infinity;
    let servingMs = Infinity;
    const promptness = await askingMeanwhile(zdenergy.ports.http, releases, async () => {
      const health = await zdenergy.whenHealth('error', noticedWithinMs);
      noticedMs = performance.now() - hangsSinceMs;
      expect(health.tcp_server.thread_alive).toBe(false);
      expect(health.reasons.join()).toMatch(/ingest-1/);
      expect((await zdenergy.ask('/api/health')).statusCode).toBe(503);

      // It waits in the backlog, and the next worker serves it.
      const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
      gateway.send('{"id":"after the hang","temp":1,"seq":1}');
      await eventually(() => expect(isRunning(pid)).toBe(false), servingWithinMs);
      killedMs = performance.now() - hangsSinceMs;
      await eventually(() => expect(gateway.answers).toEqual([{ ack: 1 }]), servingWithinMs);
      servingMs = performance.now() - hangsSinceMs;
    });
    expect(noticedMs).toBeLessThan(noticedWithinMs);
    expect(servingMs).toBeLessThan(servingWithinMs);
    expect(promptness.failures).toEqual([]);
    expect(promptness.p95Ms).toBeLessThan(answeredWithinMs);
    expect(await zdenergy.pidOf('ingest-1')).not.toBe(pid);
    expect(zdenergy.program.output.slice(saidBefore)).toMatch(/🔄 restarting ingest-1 .*it hung/);
    await zdenergy.whenHealth('ok');
    figure(
      '3',
      `hang: ${name}`,
      `503 after ${inWords(noticedMs)}, killed after ${inWords(killedMs)}, serving again after ${inWords(servingMs)}; ${promptnessInWords(promptness)}`,
    );
  },
);
