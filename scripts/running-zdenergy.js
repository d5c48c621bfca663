/**
 * The zdenergy that runs from a directory, as Linux shows it under /proc, and how it says it is.
 *
 * What always holds: it is found by its workers' environment, which the supervisor gives them. So it
 * needs no settings and no file, and a process id is never taken for what it was once.
 */
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const healthTimeoutMs = 3_000;

function attempt(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The parts of a file under /proc that separates them by NUL. */
const parts = (pid, name) =>
  attempt(() => fs.readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0')) ?? [];

/** The environment that a process was started with. */
function environmentOf(pid) {
  const pairs = parts(pid, 'environ').map((pair) => [
    pair.slice(0, pair.indexOf('=')),
    pair.slice(pair.indexOf('=') + 1),
  ]);
  return Object.fromEntries(pairs.filter(([name]) => name !== ''));
}

function parentOf(pid) {
  const stat = attempt(() => fs.readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? '';
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

const commandOf = (pid) => parts(pid, 'cmdline').join(' ');
const directoryOf = (pid) => attempt(() => fs.readlinkSync(`/proc/${pid}/cwd`));

/** The build that a worker is of, by the file that node runs. */
function buildOf(pid) {
  const file = parts(pid, 'cmdline').find((part) => part.endsWith('/dist/main.js'));
  return file && path.resolve(file, '../../../..');
}

/**
 * The supervisor and its workers; undefined when no worker is there.
 * @param root the directory that it was started in.
 * @throws {Error} when several run from there.
 */
function findRunning(root) {
  const workers = fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      parent: parentOf(name),
      environment: environmentOf(name),
    }))
    .filter(
      ({ parent, environment }) =>
        environment.ZDENERGY_SUPERVISOR_PID === String(parent) && directoryOf(parent) === root,
    );
  if (workers.length === 0) return undefined;
  const [{ parent: pid, environment }] = workers;
  if (workers.some(({ parent }) => parent !== pid)) {
    throw new Error(
      `More than one zdenergy runs in ${root}; deploy.sh cannot tell which is meant.`,
    );
  }
  return {
    pid,
    /** Of a worker: with all settings, and the address of the database. */
    environment,
    supervisorBuild:
      environment.ZDENERGY_SUPERVISOR_BUILD && path.resolve(environment.ZDENERGY_SUPERVISOR_BUILD),
    workers: workers.map((worker) => ({
      pid: worker.pid,
      name: worker.environment.ZDENERGY_WORKER_NAME,
      build: buildOf(worker.pid),
    })),
  };
}

/** Who starts it again when it ends; undefined: nobody, as far as can be seen. */
function keeperOf({ pid, environment }) {
  const parent = parentOf(pid);
  if (/PM2.*God Daemon/.test(commandOf(parent))) return 'PM2';
  return parent === 1 && environment.INVOCATION_ID ? 'systemd' : undefined;
}

/** Asks an HTTP server on this machine for JSON; undefined when it does not answer with any. */
function askJson(host, port, url) {
  return new Promise((resolve) => {
    const request = http.get(
      { host, port, path: url, timeout: healthTimeoutMs, agent: false },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text) => (body += text));
        answer.on('error', () => resolve(undefined));
        answer.on('end', () => resolve(attempt(() => JSON.parse(body))));
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}

/** `/api/health` as it is now; undefined when nobody answers. An empty setting counts as none. */
function healthOf({ HTTP_HOST: host, HTTP_PORT: port }) {
  const everywhere = ['0.0.0.0', '::'].includes(host || '0.0.0.0');
  return askJson(everywhere ? '127.0.0.1' : host, Number(port || 5000), '/api/health');
}

module.exports = { askJson, environmentOf, findRunning, healthOf, keeperOf };
