/**
 * `npm run bench`: measures zdenergy, prints tables and verdicts, and writes them as JSON.
 *
 * Ctrl-C stops and removes what was started, then ends. This is the one place that starts the
 * programs of a run.
 */
import { spawn, type StdioOptions } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describeError, Releases, settingsTable } from '@zdenergy/core';
import { helpText, mostGateways, parseArguments, type Options } from './bench/arguments.js';
import type { Executable, Program } from './bench/program.js';
import { describeReport, reportJson } from './bench/report.js';
import { run } from './bench/run.js';
import { descriptorProblem } from './simulate/descriptors.js';

const exitMissed = 2;
/** As sysexits.h has it. */
const exitUsage = 64;
/** As shells report a process ended by SIGINT. */
const exitInterrupted = 130;
/** Enough to show why something failed. */
const keptOutputLength = 4_000;

async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2));
  switch (parsed.kind) {
    case 'help':
      console.log(helpText());
      return 0;
    case 'wrong':
      console.error(`Wrong arguments:\n${parsed.problems.map((line) => `  ${line}`).join('\n')}`);
      console.error('npm run bench -- --help shows all of them.');
      return exitUsage;
    case 'run':
      return measure(parsed.options);
  }
}

async function measure(options: Options): Promise<number> {
  const problem = await descriptorProblem(mostConnections(options));
  if (problem !== undefined) throw new Error(problem);
  // Better to hear now than after minutes that it cannot be written.
  if (options.jsonFile !== undefined) await (await open(options.jsonFile, 'a')).close();
  const releases = new Releases();
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interruption.abort();
      console.error('stopping and removing what was started');
      void releases.release().finally(() => process.exit(exitInterrupted));
    });
  }
  try {
    const say = (line: string): void => console.error(`… ${line}`);
    const report = await run(options, startProgram, releases, say, interruption.signal);
    console.log(`\n${describeReport(report)}`);
    if (options.jsonFile !== undefined) await writeFile(options.jsonFile, reportJson(report));
    if (report.failed.length > 0) return 1;
    return options.check && report.targets.some(({ met }) => !met) ? exitMissed : 0;
  } catch (error) {
    // What fails now fails because it was stopped.
    if (interruption.signal.aborted) await new Promise(() => undefined);
    throw error;
  } finally {
    await releases.release();
  }
}

/** On each side: zdenergy may open as many files as the benchmark that starts it. */
function mostConnections({ parts, gateways }: Options): number {
  if (parts.includes('sweep')) return mostGateways;
  return parts.includes('latency') ? gateways : 0;
}

function startProgram(
  what: URL | Executable,
  workingDirectory: string,
  variables: Readonly<Record<string, string>>,
): Program {
  mkdirSync(workingDirectory, { recursive: true });
  const isOurs = what instanceof URL;
  const [command, args] = isOurs
    ? [process.execPath, [fileURLToPath(what)]]
    : [what.path, [...what.args]];
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...(isOurs ? (['ipc'] as const) : [])];
  const child = spawn(command, args, {
    cwd: workingDirectory,
    env: { ...withoutSettings(process.env), ...variables },
    stdio,
    // A Ctrl-C at the terminal is for this process, which then stops the others.
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text) => (output = `${output}${String(text)}`.slice(-keptOutputLength)));
  }
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(describeError(error)));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `exit code ${String(code)}` : `ended by ${signal}`),
    );
  });
  return {
    pid: child.pid ?? 0,
    ended,
    output: () => output,
    send: (message) => void child.send(message),
    onMessage: (listener) => void child.on('message', listener),
    signal: (signal) => void child.kill(signal),
  };
}

/** The environment without any of zdenergy's settings: what is measured has its defaults. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const variables = new Set<string>(Object.values(settingsTable).map(({ variable }) => variable));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !variables.has(name)));
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error(`❌ ${describeError(error)}`);
    process.exitCode = 1;
  },
);
