/**
 * Who keeps a place and who loses it: real connections to the real listener, intake and journal,
 * without a database.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, parseSettings, Releases } from '@zdenergy/core';
import { diskFiles, Intake, Journal } from '@zdenergy/storage';
import { Decoder } from '../src/decoding.js';
import { Gateways } from '../src/gateways.js';
import { listenPlain } from '../src/listeners.js';

const idleTimeoutMs = 1_000;
const object = '{"id":"a","temp":1}';

let releases: Releases;
beforeEach(() => (releases = new Releases()));
afterEach(() => releases.release());

interface BoundHandle {
  getsockname(name: { port: number }): number;
}

/** Node's own way of binding without listening, which its types leave out. */
const { _createServerHandle: bind } = net as unknown as {
  _createServerHandle: (address: string, port: number, family: 4 | 6) => BoundHandle;
};

interface Running {
  readonly intake: Intake;
  readonly disk: { isFull: boolean };
  readonly gateways: Gateways;
  readonly decoder: Decoder;
  readonly connect: () => Promise<net.Socket>;
}

async function run(environment: Readonly<Record<string, string>> = {}): Promise<Running> {
  const directory = await mkdtemp(join(tmpdir(), 'zdenergy-gateways-'));
  releases.push(() => rm(directory, { recursive: true }));
  const settings = parseSettings({
    LOG_LEVEL: 'error',
    TCP_IDLE_TIMEOUT: `${idleTimeoutMs}ms`,
    ...environment,
  });
  const disk = { isFull: false };
  const journal = await Journal.open(directory, {
    ...diskFiles,
    freeSpace: async (path) => ({
      ...(await diskFiles.freeSpace(path)),
      ...(disk.isFull && { freeBytes: -1 }),
    }),
  });
  releases.push(() => journal.close());
  const intake = new Intake(journal, 0, {
    durable: () => undefined,
    blocked: (blocked) => gateways.setBlocked(blocked),
    problem: () => undefined,
  });
  const decoder = new Decoder(settings);
  const log = createLogger('ingest-1', settings);
  const gateways: Gateways = new Gateways(settings, intake, decoder, () => false, log);
  await intake.start();
  releases.push(() => intake.stop(1_000));
  gateways.start();
  const handle = bind('127.0.0.1', 0, 4);
  const name = { port: 0 };
  handle.getsockname(name);
  const listener = listenPlain(handle, gateways);
  releases.push(async () => {
    listener.close();
    await gateways.finishReading();
    gateways.closeAll();
  });
  return {
    intake,
    disk,
    gateways,
    decoder,
    async connect() {
      const socket = net.connect(name.port, '127.0.0.1');
      releases.push(() => void socket.destroy());
      socket.on('error', () => undefined).resume();
      await new Promise((resolve) => socket.once('connect', resolve));
      return socket;
    },
  };
}

/** Sends it again and again, and tells whether the connection lasts for so long. */
async function lasts(socket: net.Socket, bytes: string, everyMs: number, forMs: number) {
  const drip = setInterval(() => socket.writable && socket.write(bytes), everyMs);
  await Promise.race([sleep(forMs), new Promise((resolve) => socket.once('close', resolve))]);
  clearInterval(drip);
  return !socket.destroyed;
}

describe('a connection', () => {
  it('is closed when it drips bytes and completes no object', async () => {
    const { connect, gateways } = await run();
    const beginning = await connect();
    beginning.write('{"id":"');
    const [drips, line, whole] = await Promise.all([
      lasts(beginning, 'x', 100, 3 * idleTimeoutMs),
      lasts(await connect(), '\n', 100, 3 * idleTimeoutMs),
      lasts(await connect(), object, 100, 3 * idleTimeoutMs),
    ]);
    expect({ drips, line, whole }).toEqual({ drips: false, line: false, whole: true });
    expect(gateways.counts.timedOut).toBe(2);
  });

  it('is kept when it has completed an object, and sends what may stand between objects', async () => {
    const { connect } = await run();
    const socket = await connect();
    socket.write(object);
    expect(await lasts(socket, '\n', 100, 3 * idleTimeoutMs)).toBe(true);
    socket.write('{"id":"');
    expect(await lasts(socket, 'x', 100, 3 * idleTimeoutMs)).toBe(false);
  });

  it('is closed when it is silent, however often all have to wait meanwhile', async () => {
    const { connect, gateways } = await run();
    const silent = await connect();
    const blocking = setInterval(() => {
      gateways.setBlocked(true);
      gateways.setBlocked(false);
    }, 100);
    expect(await lasts(silent, '', 10_000, 3 * idleTimeoutMs)).toBe(false);
    clearInterval(blocking);
  });

  it('does not count as silent while it is not read from', async () => {
    const { connect, intake, disk } = await run();
    const socket = await connect();
    disk.isFull = true;
    while (!intake.blocked) await lasts(socket, object, 20, 100);
    await sleep(2 * idleTimeoutMs);
    disk.isFull = false;
    while (intake.blocked) await sleep(10);
    await sleep(idleTimeoutMs / 2);
    expect(socket.destroyed).toBe(false);
    expect(await lasts(socket, '', 10_000, 2 * idleTimeoutMs)).toBe(false);
  });
});

it('unfinished objects are bounded in all, and a small one never pays for the large', async () => {
  const { connect, gateways, decoder } = await run({ TCP_IDLE_TIMEOUT: '1m' });
  const count = 650;
  const bytes = 60_000;
  const half = await connect();
  half.write(object.slice(0, 10));
  const large = await Promise.all(Array.from({ length: count }, connect));
  const beginning = `{"id":"${'x'.repeat(bytes)}`;
  for (const socket of large) socket.write(beginning);
  const least = count - Math.floor((32 * 1024 * 1024) / bytes);
  const endsAtMs = performance.now() + 5_000;
  while (gateways.counts.closed < least && performance.now() < endsAtMs) await sleep(20);
  expect(gateways.counts.closed).toBeGreaterThanOrEqual(least);
  expect(gateways.counts.closed).toBeLessThan(count / 3);
  expect(decoder.rejects.too_large).toBe(gateways.counts.closed);

  half.write(object.slice(10));
  const late = await connect();
  late.write(object.slice(0, 10));
  await sleep(50);
  late.write(object.slice(10));
  while (decoder.counts.readings < 2 && performance.now() < endsAtMs) await sleep(20);
  expect(decoder.counts.readings).toBe(2);
  // Those who leave make room again.
  for (const socket of large) socket.destroy();
  while (gateways.counts.open > 2 && performance.now() < endsAtMs) await sleep(20);
  const next = await connect();
  next.write(beginning);
  next.write('","temp":1}');
  await sleep(200);
  expect(next.destroyed).toBe(false);
});
