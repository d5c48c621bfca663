/** `/api/stream` of the real API worker, followed on real sockets. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExportProgress } from '../src/export-progress.js';
import { ReadingEvents } from '../src/reading-event.js';
import { StreamClient } from '../src/stream-client.js';
import { StreamHub } from '../src/stream-hub.js';
import { apiWorkerState, clusterState, tcpWorker } from './cluster.js';
import { liveMessage, readingsOf } from './live-rows.js';
import { parseAnswer, request, runApi, type RunningApi } from './running-api.js';
import { soon, StreamFollower } from './stream-follower.js';

const startUs = 1_750_000_000_000_000;
const timesUs = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, n) => startUs + (from + n) * 1_000_000);

let api: RunningApi;
const followers: StreamFollower[] = [];

async function follow(query = '', headers = {}): Promise<StreamFollower> {
  const follower = await StreamFollower.follow(api.port, query, { headers });
  followers.push(follower);
  return follower;
}

beforeEach(async () => {
  api = await runApi({ DISPLAY_TIMEZONE: 'Asia/Shanghai' });
  api.receive({ type: 'cluster', state: clusterState() });
});
afterEach(async () => {
  for (const follower of followers.splice(0)) follower.stop();
  await api.stop(1_000);
});

describe('a stream', () => {
  it('begins with what it is about and how everything is, and says when to come back', async () => {
    const follower = await follow();
    expect(follower.status).toBe(200);
    expect(follower.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
    });
    await soon(() => expect(follower.events.length).toBeGreaterThan(1));
    expect(follower.retryMs).toBe(1_000);
    const about = {
      version: '1.2.3',
      display_timezone: 'Asia/Shanghai',
      login: false,
      tcp_port: 6000,
    };
    expect(follower.events.slice(0, 2)).toEqual([
      { name: 'hello', data: about },
      {
        name: 'status',
        data: {
          health: expect.objectContaining({ tcp_server: expect.any(Object) as object }) as object,
          stats: expect.objectContaining({ ledger: expect.any(Object) as object }) as object,
        },
      },
    ]);
    const answer = parseAnswer(await request(api.port, 'GET /api/about'));
    expect(JSON.parse(answer.body)).toEqual(about);
  });

  it('brings the readings of all sensors, or only those asked for', async () => {
    const [all, some, none] = await Promise.all([
      follow(),
      follow('?sensor_id=b&sensor_id=c&sensor_id=b'),
      follow('?sensor_id=nobody'),
    ]);
    const live = ['a', 'b', 'c'].flatMap((id) => readingsOf(id, timesUs(2)));
    api.receive(liveMessage(live));
    await soon(() => expect(all.readings).toHaveLength(6));
    await soon(() => expect(some.readings).toHaveLength(4));
    expect(all.readings[0]).toEqual({
      sensor_id: 'a',
      time: '2025-06-15T15:06:40.000Z',
      temp: 20,
      rh: 50,
      lux: 500,
      irradiance: 4,
      received_at: '2025-06-15T15:06:40.001Z',
    });
    expect(some.readings).toEqual(all.readings.slice(2));
    api.receive({ type: 'cluster', state: clusterState([apiWorkerState()]) });
    await soon(() => expect(none.named('status').length).toBeGreaterThan(1));
    expect(none.readings).toEqual([]);
  });

  it('says how many readings were left out, once it can know', async () => {
    const follower = await follow('?sensor_id=a');
    // What came before the first message was before our time.
    api.receive(liveMessage(readingsOf('a', timesUs(2)), 1_000));
    api.receive(liveMessage(readingsOf('a', timesUs(2, 2)), 1_002));
    api.receive(liveMessage(readingsOf('a', timesUs(2, 4)), 1_024));
    // Another process counts from the start.
    api.receive(liveMessage(readingsOf('a', timesUs(2, 6)), 9, 4_002));
    await soon(() => expect(follower.readings).toHaveLength(8));
    expect(
      follower.events
        .filter(({ name }) => name === 'missed' || name === 'readings')
        .map(({ name, data }) => (name === 'missed' ? data['readings'] : name)),
    ).toEqual(['readings', 'readings', 20, 'readings', 7, 'readings']);
  });

  it('tells a change of status at once, and the state of things every two seconds', async () => {
    const follower = await follow();
    await soon(() => expect(follower.named('status').length).toBeGreaterThan(0));
    const down = tcpWorker({ status: 'restarting', pid: null, problem: 'it was ended by SIGKILL' });
    api.receive({ type: 'cluster', state: clusterState([down, apiWorkerState()]) });
    await soon(
      () =>
        expect(follower.named('status').at(-1)).toMatchObject({
          health: {
            status: 'error',
            reasons: [expect.stringContaining('SIGKILL'), expect.any(String)],
          },
        }),
      400,
    );
    const told = follower.named('status').length;
    await soon(() => expect(follower.named('status').length).toBeGreaterThanOrEqual(told + 2));
    expect(follower.named('status').length).toBeLessThanOrEqual(told + 4);
  });

  it.each([
    ['an empty export_id', 'export_id=', 'export_id'],
    ['a long export_id', `export_id=${'x'.repeat(41)}`, 'export_id'],
    ['an export_id with a space', 'export_id=a%20b', 'export_id'],
    ['two of export_id', 'export_id=a&export_id=b', 'export_id'],
    ['an empty sensor_id', 'sensor_id=', 'sensor_id'],
    ['a long sensor_id', `sensor_id=${'x'.repeat(101)}`, 'sensor_id'],
    [
      '101 of sensor_id',
      Array.from({ length: 101 }, (_, n) => `sensor_id=${n}`).join('&'),
      'sensor_id',
    ],
  ])('is refused for %s, by name', async (_what, query, name) => {
    const answer = parseAnswer(await request(api.port, `GET /api/stream?${query}`));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({
      error: expect.stringMatching(`^${name}: expected`) as string,
    });
  });

  it('is not opened for HEAD, nor for those who may not get in', async () => {
    const head = parseAnswer(await request(api.port, 'HEAD /api/stream'));
    expect([head.status, head.body]).toEqual([200, '']);
    const strangers = ['X-Forwarded-For: 203.0.113.9'];
    const refused = parseAnswer(await request(api.port, 'GET /api/stream', strangers));
    expect(refused.status).toBe(403);
  });

  it('ends at a stop at once, also for a client that reads nothing', async () => {
    const [reader, sleeper] = await Promise.all([follow(), follow()]);
    sleeper.pause();
    for (let n = 0; n < 60; n += 1) {
      api.receive(liveMessage(readingsOf('a'.repeat(90), timesUs(500, n * 500)), (n + 1) * 500));
    }
    const startedAtMs = performance.now();
    await api.stop(8_000);
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
    await soon(() => expect(reader.isEnded).toBe(true));
  });

  it('is one of at most 500', async () => {
    await Promise.all(Array.from({ length: 500 }, () => follow()));
    const refused = await follow();
    expect(refused.status).toBe(503);
    followers[0]?.stop();
    await soon(() => expect(followers[0]?.isEnded).toBe(true));
    const next = await follow();
    expect(next.status).toBe(200);
  });
});

describe('a slow client', () => {
  it('misses readings, is told how many, and costs nobody else anything', async () => {
    const [slow, quick] = await Promise.all([follow(), follow()]);
    await soon(() => expect(slow.named('status')).toHaveLength(1));
    slow.pause();
    const [messages, each] = [110, 500];
    for (let n = 0; n < messages; n += 1) {
      const readings = readingsOf('a'.repeat(90), timesUs(each, n * each));
      api.receive(liveMessage(readings, (n + 1) * each));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await soon(() => expect(quick.readings.length).toBe(messages * each), 10_000);
    expect(quick.named('missed')).toEqual([]);
    slow.resume();
    await soon(() => expect(slow.named('missed')).toHaveLength(1), 10_000);
    const [{ readings: missed }] = slow.named('missed');
    expect(missed).toBe(messages * each - slow.readings.length);
    // It got what the system holds for a connection, and no more than the limit on top.
    expect(slow.readings.length).toBeLessThan((messages * each) / 2);
    api.receive(liveMessage(readingsOf('last', timesUs(1)), messages * each + 1));
    await soon(() => expect(slow.readings.at(-1)).toMatchObject({ sensor_id: 'last' }));
  });
});

describe('the parts, on a server of their own', () => {
  let server: Server;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function serve(open: (response: ServerResponse) => void): Promise<StreamFollower> {
    server = createServer((_request, response) => open(response)).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const follower = await StreamFollower.follow((server.address() as AddressInfo).port);
    followers.push(follower);
    return follower;
  }

  it('give a client up that is slow for 30 s, and no sooner', async () => {
    let client: StreamClient | undefined;
    const follower = await serve((response) => {
      client = new StreamClient(response, undefined);
      client.sendHeartbeat();
    });
    follower.pause();
    const reading = {
      sensorId: 'a'.repeat(100),
      timeUs: startUs,
      temperature: 1,
      humidity: null,
      lux: null,
      irradiance: null,
      extra: null,
      receivedAtUs: startUs,
    };
    const events = new ReadingEvents(Array.from({ length: 1_000 }, () => reading));
    for (let n = 0; n < 100; n += 1) {
      client?.sendReadings(events);
      await new Promise((resolve) => setImmediate(resolve));
    }
    client?.check(1_000);
    client?.check(30_900);
    follower.resume();
    await soon(() => expect(follower.named('readings').length).toBeGreaterThan(1));
    await soon(() => {
      client?.check(30_950);
      expect(follower.named('missed')).toHaveLength(1);
    });
    follower.pause();
    for (let n = 0; n < 100; n += 1) {
      client?.sendReadings(events);
      await new Promise((resolve) => setImmediate(resolve));
    }
    client?.check(31_000);
    client?.check(60_999);
    expect(follower.isEnded).toBe(false);
    client?.check(61_000);
    follower.resume();
    await soon(() => expect(follower.isEnded).toBe(true));
  });

  it('tell how far an export is, to those who asked for it, and end when a session does', async () => {
    const exports = new ExportProgress();
    let isAdmitted = true;
    const hub = new StreamHub({
      about: {},
      status: () => ({ health: { status: 'ok', reasons: [] }, stats: {} }) as never,
      exports,
    });
    const follower = await serve((response) =>
      hub.open(response, { sensorIds: undefined, exportId: 'mine' }, () => isAdmitted),
    );
    await soon(() => expect(follower.named('hello')).toEqual([{}]));
    const step = { exportId: 'mine', bytes: 10, done: false, error: null };
    for (let rows = 1; rows <= 100; rows += 1) exports.publish({ ...step, rows });
    exports.publish({ ...step, exportId: 'other', rows: 7 });
    await soon(() => expect(follower.named('export')).toHaveLength(1));
    exports.publish({ ...step, rows: 200, done: true });
    await soon(() => expect(follower.named('export')).toHaveLength(2));
    expect(follower.named('export')).toEqual([
      { export_id: 'mine', rows: 100, bytes: 10, done: false, error: null },
      { export_id: 'mine', rows: 200, bytes: 10, done: true, error: null },
    ]);
    expect(follower.isEnded).toBe(false);
    isAdmitted = false;
    await soon(() => expect(follower.isEnded).toBe(true));
    hub.close();
  });
});
