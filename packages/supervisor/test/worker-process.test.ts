/** Real processes: killed, blocked, failing, reloaded. */
import net from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ToWorker, WorkerState } from '@zdenergy/core';
import { isRunning, parentOf, processIds, startVariableOf } from '@zdenergy/core';
import { bindSocket, type BoundSocket } from '../src/listening-sockets.js';
import { WorkerProcess } from '../src/worker-process.js';
import { eventually, freePort, recordingLogger } from './trial.js';

let socket: BoundSocket;
let worker: WorkerProcess | undefined;
let log = recordingLogger();

beforeAll(async () => {
  socket = await bindSocket({
    listener: 'tcp',
    role: 'ingest',
    host: '127.0.0.1',
    port: await freePort(),
    hostVariable: 'TCP_HOST',
    portVariable: 'TCP_PORT',
  });
});
afterEach(async () => {
  worker?.kill();
  await worker?.stop(1_000);
});
afterAll(() => socket.handle.close());

function startWorker(behaviour = 'obey'): WorkerProcess {
  log = recordingLogger();
  worker = new WorkerProcess(
    {
      name: 'ingest-1',
      role: 'ingest',
      entry: () => new URL('./fixtures/worker.mjs', import.meta.url),
      environment: { ...process.env, BEHAVIOUR: behaviour },
      sockets: [socket],
    },
    log.logger,
    { changed: () => undefined, live: () => undefined, gateways: () => undefined },
  );
  worker.start();
  return worker;
}

const stateOf = (child: WorkerProcess): WorkerState => child.describe(performance.now());

/** The process id of the worker once it is ready; a new one when `oldPid` is given. */
const readyPid = (child: WorkerProcess, oldPid?: number): Promise<number> =>
  eventually(() => {
    const { status, pid } = stateOf(child);
    return status === 'ready' && pid !== null && pid !== oldPid && pid;
  });

/** Sends the worker a command; resolves with its answer. */
async function ask(command: string): Promise<string> {
  const client = net.connect(socket.port, '127.0.0.1');
  client.end(command);
  let answer = '';
  client.on('data', (data) => (answer += String(data)));
  await once(client, 'close');
  return answer;
}

it('serves on the socket that it was lent', async () => {
  const pid = await readyPid(startWorker());
  expect(await ask('pid')).toBe(String(pid));
});

it('tells what the process says of itself, and nothing of one that is gone', async () => {
  const child = startWorker();
  expect(stateOf(child).process).toBeNull();
  const pid = await readyPid(child);
  const told = await eventually(() => stateOf(child).process ?? undefined);
  expect(told.residentBytes).toBeGreaterThan(10_000_000);
  expect(told.cpuMs).toBeGreaterThan(0);
  // A second later than it was due at the least, and told for half a minute.
  void ask('sleep 2000');
  await eventually(() => (stateOf(child).process?.loopDelayMs ?? 0) >= 1_000);
  process.kill(pid, 'SIGKILL');
  await eventually(() => stateOf(child).process === null);
});

it('is back soon after kill -9, each time, and no client is refused meanwhile', async () => {
  const child = startWorker();
  let pid = await readyPid(child);
  for (let kills = 1; kills <= 4; kills += 1) {
    process.kill(pid, 'SIGKILL');
    // A client that connects before the kernel has cleared the dead worker away may still be reset.
    await eventually(() => !isRunning(pid));
    expect(await ask('pid')).not.toBe('');
    pid = await readyPid(child, pid);
    expect(stateOf(child).restarts).toBe(kills);
  }
  expect(log.lines.filter((line) => line.startsWith('🔄 restarting ingest-1 in 0.'))).toHaveLength(
    4,
  );
});

/** The process that only loads its code yet, while the dead one's successor waits for its time. */
const loadingPid = (oldPid: number): Promise<number> =>
  eventually(() =>
    processIds().find(
      (pid) =>
        pid !== oldPid &&
        parentOf(pid) === process.pid &&
        startVariableOf(pid, 'ZDENERGY_WORKER_NAME') === 'ingest-1',
    ),
  );

it('starts another when the next one dies while it loads', async () => {
  const child = startWorker();
  const pid = await readyPid(child);
  process.kill(pid, 'SIGKILL');
  const next = await loadingPid(pid);
  process.kill(next, 'SIGKILL');
  const third = await readyPid(child, pid);
  expect(third).not.toBe(next);
  expect(await ask('pid')).toBe(String(third));
  expect(stateOf(child).problem).toBeNull();
});

it('leaves none behind when it is stopped while the next one loads', async () => {
  const child = startWorker();
  const pid = await readyPid(child);
  process.kill(pid, 'SIGKILL');
  const next = await loadingPid(pid);
  await child.stop(1_000);
  expect(isRunning(next)).toBe(false);
  await sleep(500);
  expect(stateOf(child)).toMatchObject({ status: 'stopping', pid: null });
});

it('says how it ended', async () => {
  const child = startWorker();
  const pid = await readyPid(child);
  void ask('exit 3').catch(() => undefined);
  await eventually(() => stateOf(child).problem === 'it failed (exit code 3)');
  await readyPid(child, pid);
  expect(stateOf(child).problem).toBeNull();
});

it('is killed and started again when its event loop is blocked', async () => {
  const child = startWorker();
  const pid = await readyPid(child);
  void ask('block').catch(() => undefined);
  await sleep(100);
  const nowMs = performance.now() + 10_500;
  child.check({ checkedAtMs: nowMs, awakeSinceMs: nowMs, checksInARow: 2 });
  expect(stateOf(child).status).toBe('ready');
  child.check({ checkedAtMs: nowMs, awakeSinceMs: 0, checksInARow: 2 });
  expect(stateOf(child)).toMatchObject({
    status: 'hung',
    problem: 'it hung: no sign of life for 10 s',
  });
  await readyPid(child, pid);
});

it('is killed when it does not become ready', async () => {
  const child = startWorker('never-ready');
  const nowMs = performance.now() + 30_500;
  child.check({ checkedAtMs: nowMs, awakeSinceMs: 0, checksInARow: 2 });
  expect(stateOf(child).problem).toBe('it was not ready 30 s after its start');
  await eventually(() => stateOf(child).restarts === 1);
});

it('shows what the worker says must be mended, and tries again ever later', async () => {
  const child = startWorker('exit-78');
  await eventually(() => stateOf(child).restarts === 3);
  expect(stateOf(child).problem).toBe('TLS_CERT cannot be read');
  const delays = log.lines.map((line) => Number(/in ([\d.]+) s/.exec(line)?.[1]));
  expect(delays[0]).toBeLessThanOrEqual(0.3);
  expect(delays[2]).toBeGreaterThanOrEqual(0.8);
});

it('survives a message that cannot be read', async () => {
  const child = startWorker();
  const pid = await readyPid(child);
  expect(await ask('babble')).toBe('said');
  await eventually(() =>
    log.lines.some((line) => line.startsWith('❌ ingest-1: it sent a message')),
  );
  expect(stateOf(child)).toMatchObject({ pid, status: 'ready' });
});

it('says why it is ended when it is of a version that cannot be understood', async () => {
  const child = startWorker('other-version');
  const pid = await readyPid(child);
  await eventually(() => log.lines.length > 0);
  expect(log.lines).toEqual([
    expect.stringMatching(
      /^❌ ingest-1: it sent a message that cannot be read .*restart it as a whole$/s,
    ),
  ]);
  const nowMs = performance.now() + 10_500;
  child.check({ checkedAtMs: nowMs, awakeSinceMs: 0, checksInARow: 2 });
  expect(stateOf(child).problem).toMatch(/a message that cannot be read/);
  await eventually(() => !isRunning(pid));
});

it('ends, and says why, when its supervisor is of a version that it does not understand', async () => {
  const child = startWorker();
  await readyPid(child);
  child.sendOrDrop({ type: 'of a later version' } as unknown as ToWorker);
  await eventually(() => stateOf(child).restarts === 1);
  expect(stateOf(child).problem).toBe('it failed (exit code 1)');
});

it('is reloaded without refusing a client, and without counting as a restart', async () => {
  const child = startWorker();
  const pid = await readyPid(child);
  const clients: Promise<string>[] = [];
  const arrivals = setInterval(() => clients.push(ask('pid')), 10);
  expect(await child.reload(2_000)).toBe(true);
  clearInterval(arrivals);
  const answers = await Promise.all(clients);
  expect(stateOf(child)).toMatchObject({ status: 'ready', restarts: 0 });
  expect(stateOf(child).pid).not.toBe(pid);
  expect(answers.length).toBeGreaterThan(5);
  expect(answers.filter((answer) => answer === '')).toEqual([]);
});

it('is ended by force when it does not stop in time, and not started again', async () => {
  const child = startWorker();
  const pid = await readyPid(child);
  process.kill(pid, 'SIGSTOP');
  await child.stop(300);
  expect(isRunning(pid)).toBe(false);
  child.start();
  await sleep(500);
  expect(stateOf(child)).toMatchObject({ status: 'stopping', pid: null, restarts: 0 });
});
