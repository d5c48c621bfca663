/**
 * Asks npm for known holes in everything that zdenergy and its tests depend on.
 *
 * What always holds: a hole that npm calls high or critical is named, and fails where it is in what
 * zdenergy runs with; one in a tool of the tests alone does not. A registry that cannot be asked (many
 * mirrors have no audits) is told in one line and fails nothing.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..');
const isGrave = ({ severity }) => severity === 'high' || severity === 'critical';
/** An answer soon or none at all: somebody waits for the tests. */
const network = ['--fetch-retries=0', '--fetch-timeout=20000'];

/**
 * What npm says, as an object. @throws {Error} when it says nothing that can be read.
 * @param scope further options that choose what is looked at.
 */
function askNpm(scope) {
  const args = ['audit', '--audit-level=high', '--json', ...network, ...scope];
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

/** The grave holes, or why they could not be looked up. */
function lookUp(scope) {
  const report = askNpm(scope);
  if (report.vulnerabilities !== undefined) {
    return { holes: Object.values(report.vulnerabilities).filter(isGrave) };
  }
  const reason = unreachable(report);
  if (reason === undefined) throw new Error(`npm audit failed: ${JSON.stringify(report)}`);
  return { holes: [], reason };
}

function tell(headline, holes) {
  if (holes.length > 0) {
    process.stdout.write(`${headline}:\n${holes.map(describe).join('\n')}\n`);
  }
}

function main() {
  const { holes, reason } = lookUp([]);
  if (reason !== undefined) {
    process.stdout.write(`⚠️ Known holes could not be looked up at the registry: ${reason}\n`);
    return;
  }
  const shipped = new Set(lookUp(['--omit=dev']).holes.map(({ name }) => name));
  const ours = holes.filter(({ name }) => shipped.has(name));
  tell('Known holes in what zdenergy runs with', ours);
  tell(
    '⚠️ Known holes in tools of the tests',
    holes.filter(({ name }) => !shipped.has(name)),
  );
  if (ours.length > 0) process.exitCode = 1;
}

main();
