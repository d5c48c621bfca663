/**
 * /api/health: what monitors rely on, and each of its states and the way back, all caused for real.
 * Whatever is wrong, the answer comes at once.
 */
import { Releases } from '@zdenergy/core';
import { ExternalPostgres } from '../src/external-postgres.js';
import { askingMeanwhile, SteadyMonitor } from '../src/steady-client.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

/** From the figures: 100 ms for an answer, 15 s to notice. */
const answeredWithinMs = 100;
const noticedWithinMs = 15_000;

const releases = new Releases();
afterAll(() => releases.release());

/** Checks that every answer came, and came at once, while `work` runs. */
async function answeringAtOnce(zdenergy: Zdenergy, work: () => Promise<void>): Promise<void> {
  const promptness = await askingMeanwhile(zdenergy.ports.http, releases, work);
  expect(promptness.failures).toEqual([]);
  expect(promptness.p95Ms).toBeLessThan(answeredWithinMs);
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

  it('warns of a worker that keeps dying', async () => {
    for (let kills = 0; kills < 5; kills += 1) {
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
