/**
 * Standard output that can never hold a process up, neither while it runs nor when it exits.
 *
 * A terminal that was stopped, or a log reader that hangs, would block a plain write, and with it
 * the event loop, or the exit, which waits for the thread pool. So the descriptor is made
 * non-blocking first. One write is under way at a time, in the thread pool (a file's disk may be
 * slow); the lines that come meanwhile wait, at most `maxWaitingBytes` of them, and what is beyond
 * is dropped and counted.
 */
import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { errorCode } from './errors.js';

const retryMs = 50;
/** How long an exit waits for a reader that is behind; one that hangs costs this and no more. */
const flushMs = 250;
const flushRetryMs = 5;

export class Output {
  readonly #fd: number;
  readonly #maxWaitingBytes: number;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #writing = false;
  /** What the reader has no room for yet. */
  #refused: Buffer | undefined;

  constructor(fd = 1, maxWaitingBytes = 1024 * 1024) {
    this.#fd = withoutBlocking(fd);
    this.#maxWaitingBytes = maxWaitingBytes;
  }

  line(text: string): void {
    if (this.#waitingBytes + text.length > this.#maxWaitingBytes) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(text);
    this.#waitingBytes += text.length + 1;
    if (this.#writing) return;
    this.#writing = true;
    // Lines of one tick go out together.
    setImmediate(() => this.#writeNext());
  }

  /** Writes what still waits, for a process about to exit; gives up on a reader that hangs. */
  flush(): void {
    let bytes = Buffer.concat([this.#refused ?? Buffer.alloc(0), Buffer.from(this.#take())]);
    this.#refused = undefined;
    const pause = new Int32Array(new SharedArrayBuffer(4));
    const deadline = performance.now() + flushMs;
    while (bytes.length > 0 && performance.now() < deadline) {
      try {
        bytes = bytes.subarray(writeSync(this.#fd, bytes));
      } catch (error) {
        // Otherwise the reader is gone: there is nobody to tell.
        if (errorCode(error) !== 'EAGAIN') return;
        Atomics.wait(pause, 0, 0, flushRetryMs);
      }
    }
  }

  #take(): string {
    if (this.#dropped > 0) {
      this.#waiting.push(`⚠️ ${this.#dropped} log lines were dropped: nobody read the output`);
      this.#dropped = 0;
    }
    if (this.#waiting.length === 0) return '';
    const text = this.#waiting.join('\n') + '\n';
    this.#waiting = [];
    this.#waitingBytes = 0;
    return text;
  }

  #writeNext(): void {
    const text = this.#take();
    this.#writing = text !== '';
    if (this.#writing) this.#write(Buffer.from(text));
  }

  #write(bytes: Buffer): void {
    write(this.#fd, bytes, (error, written) => {
      if (error !== null && errorCode(error) === 'EAGAIN') {
        this.#refused = bytes;
        setTimeout(() => this.#writeRefused(), retryMs).unref();
      } else if (error === null && written < bytes.length) {
        this.#write(bytes.subarray(written));
      } else {
        this.#writeNext();
      }
    });
  }

  #writeRefused(): void {
    const bytes = this.#refused;
    this.#refused = undefined;
    if (bytes === undefined) this.#writeNext();
    else this.#write(bytes);
  }
}

/** A descriptor of the same file that answers EAGAIN where the given one would block. */
function withoutBlocking(fd: number): number {
  const kind = fstatSync(fd);
  if (kind.isFile()) return fd;
  try {
    // A description of our own: others who share the terminal or pipe keep theirs as it is.
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // A socket cannot be opened again; Node turns off blocking on those that it takes in.
    if (kind.isSocket()) new Socket({ fd, readable: false, writable: true });
    return fd;
  }
}
