/**
 * Output to real readers: one that reads, one that hangs, one that is gone, a file.
 *
 * A child process writes far more than any pipe holds and reports how late its event loop was, so
 * that a write which blocks shows. It runs the built module (`npm test` builds first).
 */
import { execFileSync, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const built = new URL('../dist/output.js', import.meta.url).href;

/** Writes 20 lines of 1 KB every 5 ms for 1.5 s (6 MB), says goodbye, flushes and exits. */
const writer = `
  import { Output } from '${built}';
  const output = new Output(1, 256 * 1024);
  let lines = 0, lastAt = performance.now(), latestMs = 0;
  setInterval(() => {
    const now = performance.now();
    latestMs = Math.max(latestMs, now - lastAt - 5);
    lastAt = now;
    for (let i = 0; i < 20; i += 1) output.line(String(lines++).padEnd(1023, '.'));
  }, 5);
  setTimeout(() => {
    output.line('goodbye');
    const startedAt = performance.now();
    output.flush();
    process.send({ lines, latestMs, flushMs: performance.now() - startedAt }, () => process.exit(3));
  }, 1500);
`;

interface Report {
  lines: number;
  latestMs: number;
  flushMs: number;
}

function startWriter(stdout: 'pipe' | number): ChildProcess {
  const stdio: StdioOptions = ['ignore', stdout, 'inherit', 'ipc'];
  return spawn(process.execPath, ['--input-type=module', '--eval', writer], { stdio });
}

/** The writer's report, once it has exited by itself; a writer that hangs is killed and fails. */
function finished(child: ChildProcess): Promise<Report> {
  return new Promise((resolve, reject) => {
    let report: Report | undefined;
    const giveUp = setTimeout(() => child.kill('SIGKILL'), 10_000);
    child.on('message', (message) => (report = message as Report));
    child.on('exit', (code, signal) => {
      clearTimeout(giveUp);
      if (code === 3 && report !== undefined) resolve(report);
      else reject(new Error(`the writer ended by ${String(signal ?? code)}`));
    });
  });
}

/** Well below what a blocked write costs, which has no end; well above a busy machine's delays. */
const mostMs = 1_000;

function expectUnblocked(report: Report): void {
  expect(report.lines).toBeGreaterThan(1_000);
  expect(report.latestMs).toBeLessThan(mostMs);
  expect(report.flushMs).toBeLessThan(mostMs);
}

/** Every line arrived whole and in order, or was counted as dropped, and the goodbye came last. */
function expectAccounted(text: string, report: Report): void {
  const arrived = text.split('\n');
  expect(arrived.pop()).toBe('');
  const numbers: number[] = [];
  let dropped = 0;
  for (const line of arrived) {
    const drops = /^⚠️ (\d+) log lines were dropped/.exec(line);
    if (drops !== null) dropped += Number(drops[1]);
    else if (/^\d+[.]+$/.test(line) && line.length === 1_023) numbers.push(parseInt(line, 10));
    else expect(line).toBe('goodbye');
  }
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(arrived.filter((line) => line === 'goodbye').length + numbers.length + dropped).toBe(
    report.lines + 1,
  );
}

async function readAll(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'zdenergy-output-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

describe('a reader that hangs', () => {
  it('holds up neither the process nor its exit, on a socket as PM2 and systemd give it', async () => {
    const child = startWriter('pipe');
    expectUnblocked(await finished(child));
    child.stdout?.destroy();
  });

  it('holds up neither the process nor its exit, on a pipe as a shell gives it', async () => {
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    const pipe = openSync(path, constants.O_RDWR);
    try {
      expectUnblocked(await finished(startWriter(pipe)));
    } finally {
      closeSync(pipe);
    }
  });

  it('learns how many lines it has missed when it reads again', async () => {
    const child = startWriter('pipe');
    const finishing = finished(child);
    await sleep(800);
    const text = await readAll(child);
    const report = await finishing;
    expect(text).toMatch(/\d+ log lines were dropped: nobody read the output/);
    expectAccounted(text, report);
  });
});

describe('a reader that reads', () => {
  it('gets every line', async () => {
    const child = startWriter('pipe');
    const [report, text] = await Promise.all([finished(child), readAll(child)]);
    expectUnblocked(report);
    expectAccounted(text, report);
    expect(text.endsWith('\ngoodbye\n')).toBe(true);
  });

  it('gets every line in a file', async () => {
    const path = join(directory, 'log');
    const file = openSync(path, 'a');
    const report = await finished(startWriter(file));
    closeSync(file);
    expectUnblocked(report);
    expectAccounted(readFileSync(path, 'utf8'), report);
  });
});

describe('a reader that is gone', () => {
  it('does not end the process', async () => {
    const child = startWriter('pipe');
    child.stdout?.destroy();
    expectUnblocked(await finished(child));
  });
});
