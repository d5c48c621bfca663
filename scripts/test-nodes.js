/**
 * `npm run test:nodes`: the tests on other versions of Node.js than the one that runs this, the
 * newest of each that npm has.
 *
 *     npm run test:nodes                      unit and system tests
 *     npm run test:nodes -- --bounded         only the system tests that touch most of Node.js
 *     npm run test:nodes -- --faults hang     what `npm test` would run with these arguments
 *
 * What always holds: the first version that fails is the last that runs, and the exit code is 1 then;
 * a warning of a deprecation fails like a test, except inside the tools that run the tests. (The
 * programs that the system tests start end at such a warning by themselves.)
 */
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const majors = [22, 24];
const complete = [['--unit'], ['--system']];
const mostOfNode = ['--system', 'supervision', 'test/gateways'];

/** What is run for these arguments on each version: lists of arguments of `npm test`. */
function stagesOf(args) {
  if (args.length === 0) return complete;
  return args[0] === '--bounded' ? [mostOfNode] : [args];
}

/** The package in which npm has Node.js itself for this machine; it needs no install script. */
const nodePackage = `node-${process.platform}-${process.arch}`;
const warning = /DeprecationWarning|\[DEP\d+\]/;
/** Where a warning may come from: it is the business of whoever makes the tool. */
const ofTestTool = /node_modules\/(?:jest|@jest|@swc|pm2|@pm2)[^:]*:\d+/;
const ofOurs = /\/(?:packages|scripts)\/[^:]*:\d+/;

/** The directory of the newest `node` of a major version, fetched if need be. */
function fetchNode(major) {
  const home = path.join(root, 'node_modules', '.cache', 'zdenergy-nodes', String(major));
  fs.mkdirSync(home, { recursive: true });
  // Without it npm would install into the workspace around.
  fs.writeFileSync(path.join(home, 'package.json'), '{ "private": true }\n');
  const { status, stderr } = spawnSync(
    'npm',
    ['install', '--prefix', home, '--no-save', '--no-audit', `${nodePackage}@${major}`],
    { cwd: home, encoding: 'utf8' },
  );
  const directory = path.join(home, 'node_modules', nodePackage, 'bin');
  if (fs.existsSync(path.join(directory, 'node'))) return directory;
  throw new Error(`npm cannot fetch ${nodePackage}@${major} (exit code ${status}): ${stderr}`);
}

/** Runs scripts/test.js on that Node.js; gives its exit code and all that it said. */
function runTests(directory, args) {
  const child = spawn(path.join(directory, 'node'), [path.join(__dirname, 'test.js'), ...args], {
    cwd: root,
    env: {
      ...process.env,
      PATH: `${directory}${path.delimiter}${process.env.PATH}`,
      NODE_OPTIONS: '--trace-deprecation',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    from.setEncoding('utf8').on('data', (text) => {
      output += text;
      to.write(text);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** The warnings of deprecations, each with its stack, that do not come from a test tool alone. */
function deprecationsIn(output) {
  const lines = output.split('\n');
  return lines.flatMap((line, index) => {
    if (!warning.test(line)) return [];
    const isFrame = (frame) => /^\s+at /.test(frame);
    const length = lines.slice(index + 1).findIndex((frame) => !isFrame(frame));
    const frames = lines.slice(index + 1, index + 1 + Math.max(0, length)).join('\n');
    const isTheirs = ofTestTool.test(frames) && !ofOurs.test(frames);
    return isTheirs ? [] : [`${line}\n${frames}`];
  });
}

/** What is wrong on one version, if anything. */
async function tryNode(major, stages) {
  const directory = fetchNode(major);
  const version = spawnSync(path.join(directory, 'node'), ['--version'], { encoding: 'utf8' });
  for (const args of stages) {
    process.stdout.write(`\n── Node.js ${version.stdout.trim()}: ${args.join(' ')}\n`);
    const { code, output } = await runTests(directory, args);
    if (code !== 0) return `${args[0]} failed`;
    const deprecations = deprecationsIn(output);
    if (deprecations.length > 0) return `deprecated:\n${deprecations.join('\n')}`;
  }
  return undefined;
}

async function main(args) {
  for (const major of majors) {
    const problem = await tryNode(major, stagesOf(args));
    if (problem !== undefined) {
      process.stdout.write(`❌ Node.js ${major}: ${problem}\n`);
      process.exitCode = 1;
      return;
    }
    process.stdout.write(`✅ Node.js ${major}\n`);
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stdout.write(`❌ ${error.message}\n`);
  process.exitCode = 1;
});
