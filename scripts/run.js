/**
 * `node scripts/run.js NAME [arguments …]`: installs and builds what is missing, then runs the
 * command NAME of packages/cli, or PACKAGE/NAME of another package, in this process.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { prepareOrExit } = require('./prepare.js');

async function main([name = '', ...args]) {
  const build = await prepareOrExit();
  const [command, holder = 'cli'] = name.split('/').reverse();
  const file = path.join(build, 'packages', holder, 'dist', `${command}.js`);
  if (!/^([a-z-]+\/)?[a-z][a-z-]*$/.test(name) || !fs.existsSync(file)) {
    process.stderr.write(`💥 There is no command "${name}"; see the scripts in package.json.\n`);
    process.exit(1);
  }
  process.argv = [process.argv[0], file, ...args];
  await import(pathToFileURL(file).href);
}

void main(process.argv.slice(2));
