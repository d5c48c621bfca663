/**
 * Row 15: the link to gateways goes down, and neither end hears of it: their connections are closed
 * within 60 s, and the log says so.
 */
import { Releases } from '@zdenergy/core';
import { FarNetwork } from '../src/far-network.js';
import { figure, inWords } from '../src/figures.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const closedWithinMs = 60_000;
/** Silence is looked for four times a second, so that the last to be closed are that much later. */
const sweepMs = 250;
/** The log's lines are a little later than what they tell. */
const logMs = 200;

const releases = new Releases();
afterAll(() => releases.release());

/** Connects and sends a reading every so often; answers are read. */
const gatewayScript = (port: number, host: string, id: string, everyMs: number): string => `
  const socket = require('net').connect(${port}, '${host}').resume();
  let seq = 0;
  setInterval(() => {
    socket.write(JSON.stringify({ id: '${id}', temp: seq, seq: seq++ }) + '\\n');
  }, ${everyMs});`;

it('gateways whose link goes down are closed within 60 s, and that is logged with ⚠️', async () => {
  const network = await FarNetwork.create(releases);
  const zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
  const database = await zdenergy.database();
  // One has answers under way all the time, and one hardly ever: the system gives up on them in
  // different ways.
  const intervalsMs = { busy: 2, calm: 1_000 };
  for (const [id, everyMs] of Object.entries(intervalsMs)) {
    network.run(gatewayScript(zdenergy.ports.tcp, network.hostAddress, id, everyMs), releases);
  }
  for (const id of Object.keys(intervalsMs)) {
    await eventually(async () => expect(await database.count('readings', id)).toBeGreaterThan(2));
  }
  await eventually(async () => expect((await zdenergy.stats()).tcp.open).toBe(2));

  await network.cut();
  const cutAtMs = Date.now();
  const closing = new RegExp(
    `^(\\S+) \\[ingest-1\\] 📴 Gateway disconnected: (${network.gatewayAddress}:\\d+) (.*)$`,
    'gm',
  );
  const closings = await eventually(() => {
    const found = [...zdenergy.program.output.matchAll(closing)];
    expect(found).toHaveLength(2);
    return found;
  }, closedWithinMs + 10_000);
  const closed = closings.map(([, time, peer, why]) => ({
    afterMs: Date.parse(time) - cutAtMs,
    peer,
    why,
  }));
  const list = closed.map(({ afterMs, why }) => `${inWords(afterMs)} ${why}`).join(', ');
  figure('15', 'two gateways whose link goes down', `closed after ${list}`);
  for (const { afterMs, peer } of closed) {
    expect(afterMs).toBeLessThan(closedWithinMs + sweepMs + logMs);
    expect(zdenergy.program.output).toContain(`⚠️ Socket timeout: ${peer}`);
  }
  expect((await zdenergy.health()).tcp_server.thread_alive).toBe(true);
});
