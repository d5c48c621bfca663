/**
 * Stops that lose nothing, starts that say why they cannot be, and a start with fewer workers than
 * before.
 */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Releases } from '@zdenergy/core';
import { Gateway } from '../src/gateway.js';
import { processesOf } from '../src/processes.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

/** From the figures. */
const stoppedWithinMs = 12_000;

const releases = new Releases();
afterAll(() => releases.release());

async function bytesBelow(directory: string): Promise<number> {
  const names = await readdir(directory);
  const stats = await Promise.all(names.map((name) => stat(join(directory, name))));
  return stats.reduce((sum, { size }) => sum + size, 0);
}

function expectNoStack(output: string): void {
  expect(output).not.toMatch(/^\s+at /m);
}

describe('when it is told to stop', () => {
  let zdenergy: Zdenergy;

  beforeAll(async () => {
    zdenergy = await Zdenergy.prepare(releases, { TCP_ACK: 'on' });
  });

  it('ends also while it is still starting, and starts again', async () => {
    zdenergy.launch();
    await eventually(() => expect(zdenergy.program.output).toContain('making a new database'));
    expect(await zdenergy.stop()).toMatchObject({ code: 0 });
    expect(processesOf(zdenergy.dataDirectory)).toEqual([]);
    await zdenergy.start();
    await zdenergy.whenHealth('ok');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends cleanly at %s with everything it has acknowledged',
    async (signal) => {
      const gateway = new SteadyGateway(zdenergy.ports.tcp, signal, 2_000).start();
      releases.push(() => gateway.destroy());
      await eventually(() => expect(gateway.acked.size).toBeGreaterThan(1_000));
      const { code, tookMs } = await zdenergy.stop(signal);
      gateway.destroy();
      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(stoppedWithinMs);
      expect(processesOf(zdenergy.dataDirectory)).toEqual([]);

      await zdenergy.start();
      const database = await zdenergy.database();
      const rows = await database.rows<{ n: number }>(
        `SELECT (extract(epoch FROM time - '2024-01-01 00:00Z'))::int AS n FROM readings
          WHERE sensor_id = $1`,
        [signal],
      );
      const stored = new Set(rows.map(({ n }) => n));
      expect([...gateway.acked].filter((seq) => !stored.has(seq))).toEqual([]);
    },
  );
});

describe('when it cannot start', () => {
  it('says what holds the data directory or the port, and who', async () => {
    const first = await Zdenergy.start(releases);
    const { pid } = first.program;
    const again = await Zdenergy.prepare(releases);

    const sameDirectory = again.launch({ DATA_DIR: first.dataDirectory });
    expect(await sameDirectory.finished).toMatchObject({ code: 1 });
    expect(sameDirectory.output).toMatch(
      new RegExp(
        `💥 Another zdenergy \\(process ${pid}\\) is already running.*${first.dataDirectory}`,
      ),
    );
    expectNoStack(sameDirectory.output);

    for (const [variable, port] of [
      ['TCP_PORT', first.ports.tcp],
      ['HTTP_PORT', first.ports.http],
    ] as const) {
      const samePort = again.launch({ [variable]: String(port) });
      expect(await samePort.finished).toMatchObject({ code: 1 });
      expect(samePort.output).toMatch(
        new RegExp(
          `💥 ${variable}: port ${port} is already in use by another zdenergy \\(process ${pid}`,
        ),
      );
      expectNoStack(samePort.output);
    }
    await first.whenHealth('ok');
  });

  it('names all wrong settings together, before anything starts, with exit code 78', async () => {
    const zdenergy = await Zdenergy.prepare(releases);
    const program = zdenergy.launch({
      TCP_PORT: '70000',
      TCP_ACK: 'perhaps',
      SENSOR_TIMEZONE: 'Mars/Olympus',
      TCP_ALLOW: '10.0.0.0/99',
      API_TOKEN: 'tooshort',
      DATABASE_URL: 'mysql://root:secret@localhost/x',
      TLS_CERT: '/nowhere/tls.crt',
      TLS_KEY: zdenergy.directory,
    });
    expect(await program.finished).toEqual({ code: 78, signal: null });
    for (const text of [
      /TCP_PORT="70000": expected a port/,
      /TCP_ACK="perhaps": expected on or off/,
      /SENSOR_TIMEZONE="Mars\/Olympus": expected an IANA time zone/,
      /TCP_ALLOW="10\.0\.0\.0\/99": expected addresses/,
      /API_TOKEN=\(not shown\): expected at least 16/,
      /DATABASE_URL=\(not shown\): expected postgres:/,
      /TLS_CERT="\/nowhere\/tls\.crt": cannot be read \(ENOENT/,
      /TLS_KEY=".*": cannot be read \(EISDIR/,
    ]) {
      expect(program.output).toMatch(text);
    }
    expect(program.output).not.toMatch(/tooshort|secret/);
    expectNoStack(program.output);
    expect(existsSync(zdenergy.dataDirectory)).toBe(false);
  });

  it('goes on trying with a database that is not there, and says what is wrong', async () => {
    const zdenergy = await Zdenergy.start(releases, {
      DATABASE_URL: 'postgres://nobody:hidden@127.0.0.1:1/nowhere',
      TCP_ACK: 'on',
    });
    const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
    gateway.send('{"id":"kept","temp":1,"seq":1}');
    await eventually(() => expect(gateway.answers).toEqual([{ ack: 1 }]));
    const { reasons } = await zdenergy.whenHealth('warning');
    expect(reasons.join()).toMatch(/Postgres at 127\.0\.0\.1:1 refuses connections/);
    expect(zdenergy.program.output).not.toContain('hidden');
    expect(await zdenergy.stop()).toMatchObject({ code: 0 });
  });
});

describe('with two TCP workers', () => {
  it('shares the gateways among them, and one drains what the other left when it is taken away', async () => {
    const zdenergy = await Zdenergy.start(releases, { INGEST_WORKERS: '2', TCP_ACK: 'on' });
    const database = await zdenergy.database();
    const gateways = Array.from({ length: 16 }, (_, n) =>
      new SteadyGateway(zdenergy.ports.tcp, `shared-${n}`, 50).start(),
    );
    for (const gateway of gateways) releases.push(() => gateway.destroy());
    await eventually(() => {
      for (const { acked } of gateways) expect(acked.size).toBeGreaterThan(20);
    });
    // A table that is locked keeps both journals from being drained.
    await eventually(() => database.rows('BEGIN; LOCK TABLE readings'));
    const sent = (): number => gateways.reduce((sum, gateway) => sum + gateway.sent, 0);
    await eventually(async () => {
      expect((await zdenergy.stats()).ledger.pending).toBeGreaterThan(1_000);
    });
    for (const name of ['ingest-1', 'ingest-2']) {
      expect(await bytesBelow(join(zdenergy.dataDirectory, 'journal', name))).toBeGreaterThan(
        10_000,
      );
    }

    zdenergy.program.signal('SIGKILL');
    await eventually(() => expect(processesOf(zdenergy.dataDirectory)).toEqual([]));
    await zdenergy.start({ INGEST_WORKERS: '1' });
    for (const gateway of gateways) await gateway.finish();
    await eventually(async () => expect(await database.count('readings')).toBe(sent()));
    await eventually(async () => {
      const { workers, ledger } = await zdenergy.stats();
      expect(workers.map(({ name }) => name)).toEqual(['ingest-1', 'api', 'postgres']);
      expect(ledger).toMatchObject({ pending: 0, stored: sent(), rejected: 0 });
    });
  });
});
