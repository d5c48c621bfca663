/**
 * Idle connections held by a process of its own, so that their number does not weigh on the test.
 *
 * What always holds: they end with the test.
 */
import type { Releases } from '@zdenergy/core';
import { Program } from './program.js';
import { eventually } from './wait.js';

/** Connects a few hundred at a time: more than the backlog at once would wait for a retransmission. */
const script = `
  const [port, count] = process.argv.slice(1).map(Number);
  let begun = 0;
  let open = 0;
  function connectNext() {
    if (begun === count) return;
    begun += 1;
    const socket = require('node:net').connect(port, '127.0.0.1', () => {
      open += 1;
      if (open === count) console.log('all are connected');
      connectNext();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => console.log('one was closed'));
    socket.resume();
  }
  for (let n = 0; n < 400; n += 1) connectNext();
`;

export class HeldConnections {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  /** Resolves once all of them are connected. */
  static async open(port: number, count: number, releases: Releases): Promise<HeldConnections> {
    const args = ['--eval', script, String(port), String(count)];
    const program = new Program(process.execPath, args, { cwd: '/', env: {} });
    const held = new HeldConnections(program);
    releases.push(() => held.end());
    await eventually(() => {
      if (!program.output.includes('all are connected')) throw new Error('not all are connected');
    });
    return held;
  }

  /** How many the server has closed. */
  get closed(): number {
    return this.#program.lines.filter((line) => line === 'one was closed').length;
  }

  async end(): Promise<void> {
    this.#program.signal('SIGKILL');
    await this.#program.exited;
  }
}
