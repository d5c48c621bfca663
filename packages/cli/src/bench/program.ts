/** A program that the benchmark starts beside itself, as its parts see it; bench.ts starts them. */
export interface Program {
  readonly pid: number;
  /** Resolves with the reason, in plain words, once it has ended. */
  readonly ended: Promise<string>;
  /** The last lines that it wrote. */
  output(): string;
  send(message: object): void;
  onMessage(listener: (message: unknown) => void): void;
  signal(signal: NodeJS.Signals): void;
}

/** Any program, with arguments. */
export interface Executable {
  readonly path: string;
  readonly args: readonly string[];
}

/**
 * Starts a program with these variables besides the usual ones. A JavaScript file of this project
 * can be talked to.
 */
export type StartProgram = (
  what: URL | Executable,
  workingDirectory: string,
  variables: Readonly<Record<string, string>>,
) => Program;

/** Settles as the promise does, unless the program ends first. */
export function unlessEnded<Result>(
  program: Program,
  what: string,
  promise: Promise<Result>,
): Promise<Result> {
  const ended = program.ended.then((reason): never => {
    throw new Error(`${what} ended: ${reason}\n${program.output()}`.trim());
  });
  return Promise.race([promise, ended]);
}
