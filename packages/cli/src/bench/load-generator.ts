/** A load generator as the benchmark's own process sees it. */
import type { Answers, Kind, Questions, Reply } from './generator-protocol.js';
import { unlessEnded, type Program, type StartProgram } from './program.js';
import { percent } from './table.js';

const file = new URL('./generator.js', import.meta.url);

/** Busier than this part of a core it may have been what held things up. */
const busyCores = 0.8;

/** What it took of a core while it sent. */
export const coresOf = (sent: Answers['flood']): number =>
  (sent.cpuSeconds * 1_000) / (sent.lastByteAtMs - sent.firstByteAtMs);

/** What to say when a generator that took so much of a core may have been the limit. */
export const generatorWarnings = (cores: number): string[] =>
  cores > busyCores
    ? [`The load generator took ${percent(cores)} of a core: it may have held ingest up.`]
    : [];

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
