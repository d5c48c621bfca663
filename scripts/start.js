/**
 * `npm start`: installs and builds what is missing, then is the supervisor: in this very process, so
 * that signals to it, from a terminal, PM2 or systemd, need no passing on. Once scripts/deploy.sh has
 * brought a version, that one is started.
 */
'use strict';

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { currentLink, prepareOrExit } = require('./prepare.js');

async function main() {
  const build = await prepareOrExit();
  // The supervisor follows it at each start of a worker: see its main.ts.
  process.env.ZDENERGY_CURRENT = currentLink;
  const supervisor = path.join(build, 'packages', 'supervisor', 'dist', 'main.js');
  await import(pathToFileURL(supervisor).href);
}

void main();
