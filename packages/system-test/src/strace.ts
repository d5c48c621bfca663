/**
 * Faults of system calls, injected by strace into a process that runs already.
 *
 * What always holds: the process goes on without the fault once strace is detached, at the latest
 * when the test ends; what strace saw is known only then, because it writes its log in blocks.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Releases } from '@zdenergy/core';
import { isRunning } from './processes.js';
import { eventually } from './wait.js';

export interface Fault {
  /** The system call. */
  readonly call: string;
  /** What happens instead of it: `error=EIO`, or `signal=KILL` just before it. */
  readonly effect: string;
  /** Which calls of a thread: `3`, or `2+` for all from the second on. */
  readonly when: string;
  /** Only calls that name this file, or hold it open. */
  readonly path?: string;
}

/** A call as it began, in the order of beginning. */
export interface SeenCall {
  readonly call: string;
  /** The file that it is about, as far as its first argument is one that is open. */
  readonly path: string;
  /** The fault was injected: it failed, or the process died in it. */
  readonly struck: boolean;
}

export class Strace {
  /** When strace has ended: detached, or together with the process. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #log: string;

  private constructor(child: ChildProcess, log: string) {
    this.#child = child;
    this.#log = log;
    this.ended = new Promise((resolve) => child.once('exit', () => resolve()));
  }

  /** Resolves once every thread is under its control. @param also further calls to be seen. */
  static async attach(
    pid: number,
    { call, effect, when, path }: Fault,
    releases: Releases,
    also: readonly string[] = [],
  ): Promise<Strace> {
    const directory = await mkdtemp(join(tmpdir(), 'zdenergy-strace-'));
    releases.push(() => rm(directory, { recursive: true, force: true }));
    const log = join(directory, 'calls');
    const child = spawn('strace', [
      ...['-f', '-y', '-q', '-s', '0', '-o', log, '-p', String(pid)],
      ...['-e', `trace=${[call, ...also].join()}`, '-e', 'signal=none'],
      ...['-e', `inject=${call}:${effect}:when=${when}`],
      ...(path === undefined ? [] : ['-P', path]),
    ]);
    const strace = new Strace(child, log);
    releases.push(() => strace.detach());
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('error', (error) => (said = error.message));
    await eventually(() => {
      if (isTraced(pid) || !isRunning(pid)) return;
      throw new Error(`strace is not attached to process ${pid}: ${said}`);
    });
    return strace;
  }

  /** Ends the fault; the process goes on. */
  async detach(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      await this.ended;
    }
  }

  /** What was seen, once strace has ended. */
  async calls(): Promise<SeenCall[]> {
    await this.ended;
    return parseLog(await readFile(this.#log, 'utf8'));
  }
}

/** A call of one thread may stand in two lines, with those of other threads between them. */
function parseLog(log: string): SeenCall[] {
  const calls: { call: string; path: string; struck: boolean }[] = [];
  const unfinished = new Map<string, number>();
  for (const line of log.split('\n')) {
    const struck = /\(INJECTED\)| = \?/.test(line);
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const begun = unfinished.get(thread);
    if (rest.startsWith('<... ') && begun !== undefined) {
      calls[begun].struck = struck;
      unfinished.delete(thread);
      continue;
    }
    const [, call, path = ''] = /^(\w+)\((?:\d+<([^>]*)>)?/.exec(rest) ?? [];
    if (call === undefined) continue;
    // One that is never finished is the one in which the thread died.
    const isUnfinished = rest.endsWith('<unfinished ...>');
    if (isUnfinished) unfinished.set(thread, calls.length);
    calls.push({ call, path, struck: struck || isUnfinished });
  }
  return calls;
}

/** Whether all threads of the process are traced. */
function isTraced(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) =>
      /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')),
    );
  } catch {
    return false;
  }
}
