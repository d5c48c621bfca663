/**
 * `npm start`: installs and builds what is missing, then is the supervisor: in this very process, so
 * that signals to it, from a terminal, PM2 or systemd, need no passing on.
 */
'use strict';

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { prepareOrExit, root } = require('./prepare.js');

async function main() {
  await prepareOrExit();
  const supervisor = path.join(root, 'packages', 'supervisor', 'dist', 'main.js');
  await import(pathToFileURL(supervisor).href);
}

void main();
