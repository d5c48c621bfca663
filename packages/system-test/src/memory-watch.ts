/** How much memory a process takes more than at the beginning, looked at all the time. */
import { residentBytes } from './processes.js';

const everyMs = 100;

export class MemoryWatch {
  readonly #pid: number;
  readonly #before: number;
  readonly #timer: NodeJS.Timeout;
  #most: number;

  constructor(pid: number) {
    this.#pid = pid;
    this.#before = residentBytes(pid);
    this.#most = this.#before;
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  /** Ends the watch; the most that it grew by, in bytes. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#most - this.#before;
  }

  #look(): void {
    this.#most = Math.max(this.#most, residentBytes(this.#pid));
  }
}

/** For the table of figures. */
export function megabytesInWords(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
