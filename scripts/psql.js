/**
 * `npm run psql [-- arguments …]`: opens psql on zdenergy's database, its own or DATABASE_URL's.
 *
 * What always holds: the password travels in the environment, never on a command line that others
 * could see.
 */
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

const connectTimeoutMs = 2_000;

function fail(message) {
  process.stderr.write(`💥 ${message}\n`);
  process.exit(1);
}

/** A URL without its password, and the password. */
function splitUrl(url) {
  const [, before, password, after] =
    /^(postgres(?:ql)?:\/\/[^:@/]*):([^@/]*)(@.*)$/.exec(url) ?? [];
  if (before === undefined) return { url, password: undefined };
  return { url: before + after, password: decodeURIComponent(password) };
}

function readPassword(file) {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error.code === 'ENOENT') {
      return fail(
        `${file} is not there: zdenergy makes it, and the database, when it first starts (npm start).`,
      );
    }
    return fail(
      `${file} cannot be read (${error.message}). Run this as the user that runs zdenergy.`,
    );
  }
}

/** Resolves once the own Postgres accepts a connection; says what to do when it does not. */
function awaitServer(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port, timeout: connectTimeoutMs });
    const down = () =>
      fail(`Postgres is not running on 127.0.0.1:${port}. Start zdenergy first: npm start`);
    socket.on('error', down);
    socket.on('timeout', down);
    socket.on('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

async function database() {
  if (process.env.DATABASE_URL) return splitUrl(process.env.DATABASE_URL);
  const dataDir = process.env.DATA_DIR || './data';
  const port = process.env.EMBEDDED_PG_PORT || '5433';
  const password = readPassword(path.resolve(dataDir, 'postgres.password'));
  await awaitServer(Number(port));
  return { url: `postgres://zdenergy@127.0.0.1:${port}/zdenergy`, password };
}

async function main(args) {
  if (fs.existsSync('.env')) process.loadEnvFile('.env');
  const { url, password } = await database();
  const psql = spawn('psql', ['-d', url, ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...(password && { PGPASSWORD: password }) },
  });
  psql.on('error', (error) => {
    fail(
      error.code === 'ENOENT'
        ? 'psql is not installed. On Debian and Ubuntu: sudo apt install postgresql-client'
        : `psql cannot be started: ${error.message}`,
    );
  });
  // In psql, Ctrl-C ends a query; it must not end this process and leave psql without its terminal.
  process.on('SIGINT', () => undefined);
  psql.on('exit', (code) => process.exit(code ?? 1));
}

void main(process.argv.slice(2));
