/**
 * `npm run simulate`: runs a fleet of gateways against a server, shows how it goes, sums up.
 *
 * On a terminal one line is rewritten as the fleet goes; elsewhere a line is printed every 10 s. The first Ctrl-C
 * ends the run in order, the second at once; both print the summary.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describeError, parseSettings } from '@zdenergy/core';
import { helpText, parseArguments, type TlsFiles, type UsualPorts } from './simulate/arguments.js';
import { descriptorProblem } from './simulate/descriptors.js';
import { Fleet, type FleetOptions, type TlsOptions } from './simulate/fleet.js';
import { isComplete, progressLine, summary } from './simulate/progress.js';

/** As sysexits.h has it. */
const exitUsage = 64;
/** As shells report a process ended by SIGINT. */
const exitInterrupted = 130;
/** How long what is on its way may take to be sent and answered: after the duration, after Ctrl-C. */
const graceMs = { over: 10_000, interrupted: 2_000 } as const;
const progressEveryMs = process.stdout.isTTY ? 500 : 10_000;

async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2), localPorts);
  switch (parsed.kind) {
    case 'help':
      console.log(helpText());
      return 0;
    case 'wrong':
      console.error(`Wrong arguments:\n${parsed.problems.map((line) => `  ${line}`).join('\n')}`);
      console.error('npm run simulate -- --help shows all of them.');
      return exitUsage;
    case 'run': {
      const problem = await descriptorProblem(parsed.options.gateways);
      if (problem !== undefined) throw new Error(problem);
      return runFleet({ ...parsed.options, tls: await readTlsFiles(parsed.tls) });
    }
  }
}

/** @throws {SettingsError} */
function localPorts(): UsualPorts {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const { tcpPort, tlsPort } = parseSettings(process.env);
  return { plain: tcpPort, tls: tlsPort ?? 6_001 };
}

async function readTlsFiles(files: TlsFiles | undefined): Promise<TlsOptions | undefined> {
  if (files?.identity === undefined) return files && { identity: undefined };
  const { certFile, keyFile } = files.identity;
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return { identity: { cert, key } };
}

/** Runs the fleet to its end; 0 when everything was sent (and answered), 1 when not. */
async function runFleet(options: FleetOptions): Promise<number> {
  const startedMs = performance.now();
  const fleet = new Fleet(options);
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', () => {
      resolve();
      process.once('SIGINT', () => {
        printSummary();
        process.exit(exitInterrupted);
      });
    });
    process.once('SIGTERM', resolve);
  });
  const printSummary = (): void => {
    clearLine();
    console.log(summary(fleet.counts, options, performance.now() - startedMs));
  };

  await fleet.start();
  const stopShowing = showProgress(fleet, options.ack);
  const end = await Promise.race([
    fleet.over.then(() => 'over' as const),
    interrupted.then(() => 'interrupted' as const),
  ]);
  await fleet.finish(graceMs[end]);
  stopShowing();
  printSummary();
  return isComplete(fleet.counts, options.ack) ? 0 : 1;
}

/** Shows how the fleet stands until the returned function is called. */
function showProgress(fleet: Fleet, ack: boolean): () => void {
  let shownMs = performance.now();
  let sentWhenShown = 0;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const recent = { sent: fleet.counts.sent - sentWhenShown, ms: nowMs - shownMs };
    const line = progressLine(fleet.counts, fleet.snapshot(), ack, recent);
    [shownMs, sentWhenShown] = [nowMs, fleet.counts.sent];
    if (process.stdout.isTTY) {
      clearLine();
      process.stdout.write(line.slice(0, process.stdout.columns - 1));
    } else {
      console.log(line);
    }
  }, progressEveryMs);
  return () => clearInterval(timer);
}

function clearLine(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error(`❌ The fleet could not start: ${describeError(error)}`);
    process.exitCode = 1;
  },
);
