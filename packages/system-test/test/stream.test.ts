/**
 * The stream that a page follows: readings as they come in, the state of things, and its own return
 * after whatever ended it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { EventSource } from '../src/event-source.js';
import { inWords } from '../src/figures.js';
import { Gateway } from '../src/gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

/** From the figures: live is within a second; a hang is noticed within 15 s. */
const liveWithinMs = 1_000;
const noticedWithinMs = 15_000;
/** A worker that died is back after a moment, and the browser waits a second between its tries. */
const backWithinMs = 10_000;
const readings = 50;

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases);
  await zdenergy.whenHealth('ok');
});

function follow(query = ''): EventSource {
  const source = new EventSource(zdenergy.ports.http, `/api/stream${query}`);
  releases.push(() => source.close());
  return source;
}

const sensorsIn = (source: EventSource): unknown[] =>
  source
    .named('readings')
    .flatMap(({ data }) => data['readings'] as { sensor_id: string }[])
    .map(({ sensor_id: id }) => id);

/** When a sensor's reading came; sensors have one each. */
const arrivalOf = (source: EventSource, sensorId: string): number =>
  source
    .named('readings')
    .find(({ data }) =>
      (data['readings'] as { sensor_id: string }[]).some((one) => one.sensor_id === sensorId),
    )?.receivedAtMs ?? Infinity;

const healthIn = (source: EventSource): unknown =>
  (source.named('status').at(-1)?.data['health'] as { status: string } | undefined)?.status;

it('brings a reading within a second', async () => {
  const source = follow();
  await eventually(() => expect(healthIn(source)).toBe('ok'));
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  const sentAtMs: number[] = [];
  for (let n = 0; n < readings; n += 1) {
    sentAtMs.push(performance.now());
    gateway.send(`{"id":"live-${n}","temp":${n}}\n`);
    // Out of step with the feed.
    await sleep(67);
  }
  await eventually(() => expect(sensorsIn(source)).toHaveLength(readings));
  const tookMs = sentAtMs
    .map((sentAt, n) => arrivalOf(source, `live-${n}`) - sentAt)
    .sort((a, b) => a - b);
  const p95Ms = tookMs[Math.ceil(0.95 * readings) - 1];
  process.stderr.write(
    `figure: a reading is on the stream after ${inWords(tookMs[readings / 2])} (median), ${inWords(p95Ms)} (p95)\n`,
  );
  expect(p95Ms).toBeLessThan(liveWithinMs);
  expect(source.named('missed')).toEqual([]);
  source.close();
});

it('is followed again after kill -9 of the API worker, and after a reload', async () => {
  const source = follow('?sensor_id=again-1&sensor_id=again-2');
  await eventually(() => expect(source.named('hello')).toHaveLength(1));
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  const comeBack = async (connections: number, sensorId: string): Promise<void> => {
    await eventually(() => expect(source.named('hello')).toHaveLength(connections), backWithinMs);
    gateway.send('{"id":"somebody else","temp":1}');
    gateway.send(`{"id":"${sensorId}","temp":1}`);
    await eventually(() => expect(sensorsIn(source)).toContain(sensorId));
  };
  process.kill(await zdenergy.pidOf('api'), 'SIGKILL');
  await comeBack(2, 'again-1');
  gateway.destroy();
  await zdenergy.whenHealth('ok');
  zdenergy.program.signal('SIGHUP');
  await eventually(() => expect(source.named('hello')).toHaveLength(3));
  await eventually(() => expect(zdenergy.program.output).toContain('the workers were reloaded'));
  expect(zdenergy.program.output).not.toContain('is ended by force');
  expect(sensorsIn(source)).toEqual(['again-1']);
  source.close();
});

it('says that the TCP worker hangs, and that it is back', async () => {
  await zdenergy.whenHealth('ok');
  const source = follow();
  await eventually(() => expect(healthIn(source)).toBe('ok'));
  process.kill(await zdenergy.pidOf('ingest-1'), 'SIGSTOP');
  await eventually(() => expect(healthIn(source)).toBe('error'), noticedWithinMs);
  await eventually(() => expect(healthIn(source)).toBe('ok'));
  source.close();
});

it('tells who connects, by the hour and by address, also after a worker died', async () => {
  interface TcpStats {
    per_hour: { opened: number[]; closed: number[] };
    gateways: Record<string, unknown>[];
    gateways_total: number;
  }
  const source = follow();
  const tcp = (): TcpStats => {
    const stats = source.named('status').at(-1)?.data['stats'] as { tcp: TcpStats } | undefined;
    if (stats === undefined) throw new Error('no statistics yet');
    return stats.tcp;
  };
  const opened = (): number => tcp().per_hour.opened.reduce((sum, count) => sum + count, 0);
  const closed = (): number => tcp().per_hour.closed.reduce((sum, count) => sum + count, 0);
  await eventually(() => expect(tcp().per_hour.opened).toHaveLength(24));
  const before = { opened: opened(), closed: closed() };
  const lines = '{"id":"a","temp":1}\n{"id":"a","temp":"n/a"}\n';
  const [first, second] = [
    await Gateway.connect(zdenergy.ports.tcp, releases, { from: '127.0.0.2' }),
    await Gateway.connect(zdenergy.ports.tcp, releases, { from: '127.0.0.2' }),
  ];
  first.send(lines);
  second.send(lines);
  second.destroy();
  const counted = { opened: 2, bytes: 2 * lines.length, readings: 2, rejected: 2 };
  await eventually(() => {
    const [gateway] = tcp().gateways;
    expect(gateway).toMatchObject({ address: '127.0.0.2', open: 1, ...counted });
    expect(gateway['last_seen_seconds']).toBeLessThan(10);
  });
  await eventually(() => expect(opened()).toBe(before.opened + 2));
  expect(closed()).toBe(before.closed + 1);

  process.kill(await zdenergy.pidOf('ingest-1'), 'SIGKILL');
  // The connection that ended with its process is closed, and nothing is forgotten.
  await eventually(() => expect(closed()).toBe(before.closed + 2));
  expect(opened()).toBe(before.opened + 2);
  expect(tcp().gateways[0]).toMatchObject({ address: '127.0.0.2', open: 0 });
  source.close();
});

it('holds up no stop', async () => {
  const source = follow();
  await eventually(() => expect(source.named('hello')).toHaveLength(1));
  const { code, tookMs } = await zdenergy.stop();
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(5_000);
  source.close();
});
