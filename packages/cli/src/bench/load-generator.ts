/** The load generator as the benchmark's own process sees it. */
import type { Answers, Kind, Questions, Reply } from './generator-protocol.js';
import { unlessEnded, type Program, type StartProgram } from './program.js';

const file = new URL('./generator.js', import.meta.url);

export class LoadGenerator {
  readonly #program: Program;
  #answered: ((reply: Reply) => void) | undefined;

  constructor(startProgram: StartProgram, workingDirectory: string) {
    this.#program = startProgram(file, workingDirectory, {});
    this.#program.onMessage((message) => this.#answered?.(message as Reply));
  }

  /** @throws {Error} saying what it could not do. */
  async ask<K extends Kind>(kind: K, question: Questions[K]): Promise<Answers[K]> {
    const replied = new Promise<Reply>((resolve) => (this.#answered = resolve));
    this.#program.send({ kind, question });
    const reply = await unlessEnded(this.#program, 'the load generator', replied);
    if ('problem' in reply) throw new Error(`the load generator: ${reply.problem}`);
    return reply.answer as Answers[K];
  }

  stop(): void {
    this.#program.signal('SIGKILL');
  }
}
