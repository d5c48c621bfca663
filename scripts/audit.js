/**
 * Asks npm for known holes in everything that zdenergy and its tests depend on.
 *
 * What always holds: a hole that npm calls high or critical fails, and is named; a registry that
 * cannot be asked (many mirrors have no audits) is told in one line and fails nothing.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..');
const isGrave = ({ severity }) => severity === 'high' || severity === 'critical';
/** An answer soon or none at all: somebody waits for the tests. */
const network = ['--fetch-retries=0', '--fetch-timeout=20000'];

/** What npm says, as an object. @throws {Error} when it says nothing that can be read. */
function askNpm() {
  const args = ['audit', '--audit-level=high', '--json', ...network];
  const { error, stdout, stderr } = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  if (error) throw error;
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`npm audit gave no report: ${stderr.trim()}`);
  }
}

/** `tar, high: title (address)`; a package may only be open through one that it depends on. */
function describe({ name, severity, via }) {
  const reasons = via.map((hole) =>
    typeof hole === 'string' ? `through ${hole}` : `${hole.title} (${hole.url})`,
  );
  return `  ${name}, ${severity}: ${reasons.join('; ')}`;
}

/** Why the registry could not be asked; undefined when the fault is on our side. */
function unreachable(report) {
  // npm names the request that failed, or the system's error of the connection.
  const isRegistry = report.uri !== undefined || /^request to |network|fetch/i.test(report.message);
  return isRegistry ? report.message : undefined;
}

function main() {
  const report = askNpm();
  if (report.vulnerabilities === undefined) {
    const reason = unreachable(report);
    if (reason === undefined) throw new Error(`npm audit failed: ${JSON.stringify(report)}`);
    process.stdout.write(`⚠️ Known holes could not be looked up at the registry: ${reason}\n`);
    return;
  }
  const grave = Object.values(report.vulnerabilities).filter(isGrave);
  if (grave.length === 0) return;
  process.stdout.write(`Known holes in what we depend on:\n${grave.map(describe).join('\n')}\n`);
  process.exitCode = 1;
}

main();
