/**
 * Installs and builds what is missing or out of date, so that every command works on a fresh clone.
 *
 * What always holds: it is quiet about what succeeds and shows all that a failing step said; it does
 * nothing, in a few milliseconds, when everything is up to date; what it says goes to stderr, so that
 * the output of a command stays its own. Where scripts/deploy.sh has brought a
 * version, that one is what runs, and nothing is built in place any more.
 */
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const packages = path.join(root, 'packages');
/** Leads to the build that scripts/deploy.sh brought last; not there before the first. */
const currentLink = path.join(root, 'releases', 'current');
/** Written after each build; a source that is newer has not been built. */
const buildStamp = path.join(root, 'node_modules', '.cache', 'zdenergy-built');
/** zlib.crc32 and process.loadEnvFile are there from this version on. */
const oldestNode = [20, 15];

/** @throws {Error} saying what is needed, for a person. */
function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  throw new Error(
    `zdenergy needs Node.js ${oldestNode.join('.')} or later, and this is ${version}. ` +
      'Install a newer one from https://nodejs.org, then run the same command again.',
  );
}

/** When the file was last written, in milliseconds; 0 when it is not there. */
function writtenAt(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function mustInstall() {
  const installed = writtenAt(path.join(root, 'node_modules', '.package-lock.json'));
  return installed < writtenAt(path.join(root, 'package-lock.json')) || installed === 0;
}

/** The newest write to a source or a build setting below the directory. */
function newestSource(directory) {
  let newest = 0;
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    if (['dist', 'test', 'node_modules'].includes(entry.name)) continue;
    const file = path.join(directory, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestSource(file) : writtenAt(file));
  }
  return newest;
}

function mustBuild() {
  const built = writtenAt(buildStamp);
  const names = fs.readdirSync(packages);
  const missing = names.some((name) => {
    const compiled = fs.existsSync(path.join(packages, name, 'tsconfig.json'));
    return compiled && !fs.existsSync(path.join(packages, name, 'dist'));
  });
  if (missing) return true;
  const settings = ['tsconfig.json', 'tsconfig.base.json'].map((name) => path.join(root, name));
  return built < Math.max(newestSource(packages), ...settings.map(writtenAt));
}

/** Runs npm to its end; what it says is only shown when it fails. */
function npm(what, args) {
  const cli = process.env.npm_execpath;
  const [command, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []];
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = [];
    child.stdout.on('data', (chunk) => said.push(chunk));
    child.stderr.on('data', (chunk) => said.push(chunk));
    child.on('error', (error) => {
      reject(
        new Error(`${what} failed: npm could not be started (${error.message}). Is it installed?`),
      );
    });
    child.on('close', (code, signal) => {
      if (code === 0) return resolve();
      process.stderr.write(Buffer.concat(said));
      reject(
        new Error(`${what} failed (${signal ?? `exit code ${code}`}); what npm said is above.`),
      );
    });
  });
}

async function install() {
  process.stderr.write('📦 installing what zdenergy needs (npm ci); this takes a minute …\n');
  // Types and the compiler are needed whatever NODE_ENV says, and the database is optional to npm.
  await npm('Installing', ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund']);
}

async function build() {
  process.stderr.write('🔨 building zdenergy …\n');
  const startedAt = new Date();
  await npm('Building', ['run', 'build']);
  fs.mkdirSync(path.dirname(buildStamp), { recursive: true });
  fs.writeFileSync(buildStamp, '');
  // A source that is written during the build counts as not built.
  fs.utimesSync(buildStamp, startedAt, startedAt);
}

/** @throws {Error} whose message stands alone, for a person. */
async function prepare() {
  checkNode();
  if (mustInstall()) await install();
  if (mustBuild()) await build();
}

/** The build that scripts/deploy.sh has made current, by its real path; undefined without one. */
function deployedBuild() {
  const isWhole = fs.existsSync(
    path.join(currentLink, 'packages', 'supervisor', 'dist', 'main.js'),
  );
  return isWhole ? fs.realpathSync(currentLink) : undefined;
}

/** Gives the directory of the build that is to run; prepares it, or says why not and ends the process. */
async function prepareOrExit() {
  try {
    checkNode();
    const deployed = deployedBuild();
    if (deployed === undefined) await prepare();
    return deployed ?? root;
  } catch (error) {
    process.stderr.write(`💥 ${error.message}\n`);
    process.exit(1);
  }
}

module.exports = { currentLink, prepare, prepareOrExit, root };
