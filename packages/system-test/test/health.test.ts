/**
 * /api/health: what monitors rely on, and each of its states and the way back, all caused for real.
 * Whatever is wrong, the answer comes at once.
 */
import { Releases } from '@zdenergy/core';
import { ExternalPostgres } from '../src/external-postgres.js';
import { smallDisk } from '../src/small-disk.js';
import { SteadyMonitor } from '../src/steady-client.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

/** From the figures: 100 ms for an answer, 15 s to notice, 10 s for a full disk and its end. */
const answeredWithinMs = 100;
const noticedWithinMs = 15_000;
const diskWithinMs = 10_000;

const releases = new Releases();
afterAll(() => releases.release());

/** Asks all the time while `work` runs, and checks that every answer came, and came at once. */
async function answeringAtOnce(zdenergy: Zdenergy, work: () => Promise<void>): Promise<void> {
  const monitor = new SteadyMonitor(zdenergy.ports.http, 20);
  releases.push(() => monitor.stop());
  await work();
  await eventually(() => expect(monitor.tookMs.length).toBeGreaterThan(20));
  monitor.stop();
  expect(monitor.failures).toEqual([]);
  // A few of hundreds wait for a busy machine rather than for zdenergy.
  expect(monitor.quantileMs(0.95)).toBeLessThan(answeredWithinMs);
}

describe('the answer', () => {
  let zdenergy: Zdenergy;
  let gateway: SteadyGateway;

  /** From now on somebody sends something, also through restarts. */
  function endSilence(): void {
    gateway = new SteadyGateway(zdenergy.ports.tcp, 'noise', 5).start();
    releases.push(gateway.destroy.bind(gateway));
  }

  beforeAll(async () => {
    zdenergy = await Zdenergy.start(releases, {
      STALE_AFTER: '3s',
      MEMORY_READINGS: '5',
      TCP_ACK: 'on',
    });
    endSilence();
  });

  it('has the fields that monitors know, first and in their order', async () => {
    const answer = await eventually(async () => {
      const latest = await zdenergy.ask('/api/health');
      expect(latest.body).toContain('"memory_readings_count":5,');
      expect(latest.statusCode).toBe(200);
      return latest;
    });
    const time = /"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/.source;
    expect(answer.body).toMatch(
      new RegExp(
        `^{"status":"ok","tcp_server":{"started":true,"thread_alive":true,` +
          `"last_activity":${time},"seconds_since_activity":\\d},"database":{"connected":true},` +
          `"memory_readings_count":5,"timestamp":${time},"reasons":\\[\\]`,
      ),
    );
    expect(answer.headers).toMatchObject({
      'content-type': expect.stringContaining('application/json') as string,
      'cache-control': 'no-store',
    });
    expect(answer.headers).not.toHaveProperty('location');
  });

  it('is the same for HEAD, without a body', async () => {
    const get = await zdenergy.ask('/api/health');
    const head = await zdenergy.ask('/api/health', 'HEAD');
    expect(head.body).toBe('');
    expect(head.statusCode).toBe(get.statusCode);
    expect(Object.keys(head.headers).sort()).toEqual(Object.keys(get.headers).sort());
  });

  it('comes at once also to five hundred polls a second', async () => {
    const monitor = new SteadyMonitor(zdenergy.ports.http, 2);
    releases.push(() => monitor.stop());
    await eventually(() => expect(monitor.tookMs.length).toBeGreaterThan(1_000));
    monitor.stop();
    expect(monitor.failures).toEqual([]);
    expect(monitor.quantileMs(0.95)).toBeLessThan(answeredWithinMs);
  });

  it('warns of silence, until a gateway connects', async () => {
    await answeringAtOnce(zdenergy, async () => {
      gateway.destroy();
      const health = await zdenergy.whenHealth('warning');
      expect((await zdenergy.ask('/api/health', 'HEAD')).statusCode).toBe(503);
      expect(health.tcp_server.seconds_since_activity).toBeGreaterThanOrEqual(3);
      expect(health.reasons).toEqual([
        expect.stringMatching(/No gateway has connected or sent anything for 3/),
      ]);
      endSilence();
      const { tcp_server } = await zdenergy.whenHealth('ok');
      expect(tcp_server.seconds_since_activity).toBeLessThan(3);
    });
  });

  it('fills its memory again after a restart of its worker', async () => {
    const pid = await zdenergy.pidOf('api');
    process.kill(pid, 'SIGKILL');
    await eventually(async () => {
      expect(await zdenergy.pidOf('api')).not.toBe(pid);
      expect((await zdenergy.health()).memory_readings_count).toBe(5);
    });
  });

  it('says error while the TCP worker is dead, and ok once it is back', async () => {
    await zdenergy.whenHealth('ok');
    await answeringAtOnce(zdenergy, async () => {
      process.kill(await zdenergy.pidOf('ingest-1'), 'SIGKILL');
      const health = await zdenergy.whenHealth('error', noticedWithinMs);
      expect(health.tcp_server).toMatchObject({ started: true, thread_alive: false });
      expect(health.reasons.join()).toMatch(/TCP worker ingest-1 is down.*SIGKILL/);
      await zdenergy.whenHealth('ok');
    });
  });

  it('says error while the TCP worker hangs, and ok once it was replaced', async () => {
    await answeringAtOnce(zdenergy, async () => {
      process.kill(await zdenergy.pidOf('ingest-1'), 'SIGSTOP');
      const health = await zdenergy.whenHealth('error', noticedWithinMs);
      expect(health.tcp_server.thread_alive).toBe(false);
      expect(health.reasons.join()).toMatch(/ingest-1/);
      await zdenergy.whenHealth('ok');
    });
  });

  it('warns of a worker that keeps dying', async () => {
    for (let kills = 0; kills < 4; kills += 1) {
      const pid = await eventually(() => zdenergy.pidOf('ingest-1'));
      process.kill(pid, 'SIGKILL');
      await eventually(async () => expect(await zdenergy.pidOf('ingest-1')).not.toBe(pid));
    }
    const { reasons } = await zdenergy.whenHealth('warning');
    expect(reasons).toContainEqual(
      expect.stringMatching(/ingest-1 was restarted 6 times in 5 minutes/),
    );
  });
});

describe('with the database away', () => {
  it('warns, while readings are safe, and soon after it is back says ok', async () => {
    const postgres = await ExternalPostgres.start(releases);
    const zdenergy = await Zdenergy.start(releases, { DATABASE_URL: postgres.url });
    await zdenergy.whenHealth('ok');
    await answeringAtOnce(zdenergy, async () => {
      await postgres.stop();
      const health = await zdenergy.whenHealth('warning', noticedWithinMs);
      expect(health.database.connected).toBe(false);
      expect(health.tcp_server.thread_alive).toBe(true);
      await postgres.start();
      expect((await zdenergy.whenHealth('ok')).database.connected).toBe(true);
    });
  });

  it('says so from the start, when it was never there', async () => {
    const zdenergy = await Zdenergy.start(releases, {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere',
    });
    await answeringAtOnce(zdenergy, async () => {
      const health = await zdenergy.whenHealth('warning', noticedWithinMs);
      expect(health.database.connected).toBe(false);
    });
  });
});

describe('with the disk full', () => {
  it('says error and acknowledges nothing; with space again it goes on, and nothing is lost', async () => {
    const zdenergy = await Zdenergy.prepare(releases, { TCP_ACK: 'on' });
    const disk = await smallDisk(zdenergy.dataDirectory, releases);
    await zdenergy.start(disk.settings);
    const pid = await zdenergy.pidOf('ingest-1');
    const gateway = new SteadyGateway(zdenergy.ports.tcp, 'full', 200).start();
    releases.push(() => gateway.destroy());
    await eventually(() => expect(gateway.acked.size).toBeGreaterThan(100));
    await zdenergy.whenHealth('ok');

    await answeringAtOnce(zdenergy, async () => {
      await disk.fill();
      const health = await zdenergy.whenHealth('error', diskWithinMs);
      expect(health.reasons.join()).toMatch(
        /journal cannot be written, so readings are at risk: .*full/,
      );
      const ackedBefore = gateway.acked.size;
      const sentBefore = gateway.sent;
      await eventually(() => expect(gateway.sent).toBeGreaterThan(sentBefore + 200));
      expect(gateway.acked.size).toBe(ackedBefore);

      await disk.empty();
      await eventually(() => expect(gateway.acked.size).toBeGreaterThan(ackedBefore), diskWithinMs);
      await zdenergy.whenHealth('ok');
    });
    await gateway.finish();
    const database = await zdenergy.database();
    await eventually(async () => {
      expect(await database.count('readings', 'full')).toBe(gateway.sent);
    });
    // It waited rather than dying over it.
    expect(await zdenergy.pidOf('ingest-1')).toBe(pid);
    expect(gateway).toMatchObject({ connections: 1, resent: 0 });
    await zdenergy.stop();
  });
});
