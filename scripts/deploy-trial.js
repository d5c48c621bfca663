/**
 * Tries a build before it takes over: a zdenergy of its own, in a temporary directory, whose workers
 * are of that build and whose supervisor is of the build that runs now. So what a reload would bring
 * together is seen together, and a version that the supervisor does not understand is found out.
 *
 * What always holds: it touches nothing of the zdenergy that runs: other ports, on the loopback
 * address, another directory, a Postgres of its own, none of its settings. Nothing of it is left.
 */
'use strict';

const { fork } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { askJson } = require('./running-zdenergy.js');

/** It makes a database first; a small machine that is busy takes its time. */
const readyWithinMs = 60_000;
const stopWithinMs = 15_000;
const pollMs = 100;
/** Lines of its log that are shown when it fails. */
const shownLines = 15;
/** Whatever follows these, the build is not fit to take over. */
const bad = /🔄 restarting|💥|cannot be read/u;
const reading = '{"id":"trial","time":"2025-10-02 17:58:37","temp":24.1,"seq":1}\n';

/** Ports that are free now. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => net.createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise((resolve) =>
          server.listen(0, '127.0.0.1', () => resolve(server.address().port)),
        ),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Sends one reading; gives the first line of the answer. */
function sendReading(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(reading));
    socket.setTimeout(10_000, () => socket.destroy(new Error('the reading was not acknowledged')));
    socket.once('error', reject);
    socket.once('data', (data) => {
      resolve(String(data).trim());
      socket.destroy();
    });
  });
}

/** The machine's disk is no fault of the build: one that is nearly full must not keep a mend away. */
const ofDisk = /^Only [\d.]+ % of the disk /;

/** Whether health says nothing against a build. */
const isWell = ({ status, reasons = [] }) =>
  status === 'ok' || (status === 'warning' && reasons.every((reason) => ofDisk.test(reason)));

/** What is still wrong with it; undefined: it serves, and is of this commit. */
async function problemOf(httpPort, commit) {
  const health = await askJson('127.0.0.1', httpPort, '/api/health');
  if (health === undefined) return 'it does not answer /api/health';
  if (!isWell(health)) return `health is ${health.status}: ${health.reasons?.join(' ')}`;
  if (health.commit !== commit) return `/api/health shows the commit ${health.commit}`;
  const stats = await askJson('127.0.0.1', httpPort, '/api/stats');
  const stored = stats?.ledger?.stored;
  return stored === 1 ? undefined : `${stored} readings are stored, and one was sent`;
}

/**
 * @param supervisorBuild the build whose supervisor is taken.
 * @param build the build that is tried.
 * @param aborted a signal that ends it.
 * @throws {Error} with what was wrong, and the end of the log.
 */
async function tryBuild(supervisorBuild, build, commit, aborted) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'zdenergy-trial-'));
  // Postgres, which root runs as another user, has to pass through it.
  fs.chmodSync(directory, 0o711);
  const [tcp, http, postgres] = await freePorts(3);
  let log = '';
  let problem = 'it is not ready';
  // Over the channel it learns that this process is gone, and ends then.
  const child = fork(path.join(supervisorBuild, 'packages', 'supervisor', 'dist', 'main.js'), [], {
    cwd: directory,
    execArgv: [],
    silent: true,
    env: {
      PATH: process.env.PATH,
      ZDENERGY_CURRENT: build,
      DATA_DIR: path.join(directory, 'data'),
      TCP_HOST: '127.0.0.1',
      TCP_PORT: String(tcp),
      TCP_ACK: 'on',
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: String(http),
      EMBEDDED_PG_PORT: String(postgres),
    },
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (log += text));
  }
  let isReady = false;
  child.on('message', (message) => (isReady ||= message === 'ready'));
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 'none')));
  let exitCode;
  void ended.then((code) => (exitCode = code));
  try {
    let acknowledged = false;
    const deadline = performance.now() + readyWithinMs;
    while (problem !== undefined) {
      aborted.throwIfAborted();
      if (exitCode !== undefined) throw new Error(`it ended (exit code ${exitCode})`);
      if (bad.test(log)) throw new Error(problem);
      if (performance.now() > deadline)
        throw new Error(`after ${readyWithinMs / 1_000} s ${problem}`);
      if (isReady && !acknowledged) {
        const answer = await sendReading(tcp);
        if (answer !== '{"ack":1}') throw new Error(`a reading was answered by ${answer}`);
        acknowledged = true;
      }
      if (acknowledged) problem = await problemOf(http, commit);
      await sleep(pollMs);
    }
  } catch (error) {
    const last = log.trim().split('\n').slice(-shownLines);
    throw new Error(`${error.message}. It said:\n${last.map((line) => `  ${line}`).join('\n')}`, {
      cause: error,
    });
  } finally {
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(stopWithinMs, undefined, { ref: false })]);
    child.kill('SIGKILL');
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

module.exports = { isWell, tryBuild };
