/**
 * Finds the JSON objects in a gateway's stream of bytes, however it is split.
 *
 * Only objects matter: line ends, array brackets, commas, NUL and BOM between them are passed over.
 * A scanner (structure.ts) knows at the earliest byte when what began like an object is none. What
 * always holds:
 *
 * - Reading goes on at the next brace after the one that failed: damage costs only itself. What was
 *   passed over up to the next object or line end is refused as one piece. What has the structure of
 *   an object is handed on whole, even if it is no JSON: nothing inside it is taken for a reading.
 * - An object on a line of its own comes out whatever was sent before it. The exception is an object
 *   that was left open just where a value may stand (`{"a":`): it takes the next one for its value
 *   until the one after that, or the end of the stream, shows that it was none; then both come out,
 *   or only the later one if the open object was larger than `maxFrameBytes` by then.
 * - Between chunks at most twice `maxFrameBytes` are kept; what is larger streams past. How much it is
 *   `keptBytes` says, so that whoever has many framers can bound them together (`giveUp`).
 * - The result does not depend on how the bytes were split.
 */
import { Byte, Outcome, StructureScanner } from './structure.js';

export interface FrameSink {
  /**
   * A short cut for usual objects that lie whole in the chunk: takes the one that starts at `start`
   * and returns the index after it, or returns 0 and leaves it to the scanner.
   */
  takeUsual(bytes: Buffer, start: number, end: number): number;
  /** Takes what has the structure of an object. It may be no JSON after all. */
  takeObject(bytes: Buffer, start: number, end: number): void;
  /** What began like an object and is none, or is too large. Only its beginning may be left. */
  refuse(beginning: Buffer, totalBytes: number, reason: string): void;
  /** So many bytes between objects that are no separators were skipped. */
  skipNoise(count: number): void;
}

/** How much of what is too large is kept, to show what it was. */
const shownBytes = 1_000;
const noBytes = Buffer.alloc(0);

/** What may stand between objects without being noise: spaces, array syntax, NUL, BOM. */
const isSeparator = new Uint8Array(256);
for (const byte of [...Buffer.from(' \n\r\t[],\0'), 0xef, 0xbb, 0xbf]) isSeparator[byte] = 1;

/** A growing piece of the stream, of which only the beginning is kept once it is too large. */
class Piece {
  readonly #maxBytes: number;
  #storage = noBytes;
  #keptBytes = 0;
  totalBytes = 0;

  /** What it takes of memory. */
  get heldBytes(): number {
    return this.#storage.length;
  }

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): Buffer {
    return this.#storage.subarray(0, this.#keptBytes);
  }

  /** Copies, for the memory of a chunk is used again. */
  append(more: Buffer): void {
    this.totalBytes += more.length;
    if (this.totalBytes > this.#maxBytes) {
      if (this.#storage.length > shownBytes) this.#resize(shownBytes);
      more = more.subarray(0, shownBytes - this.#keptBytes);
    }
    const neededBytes = this.#keptBytes + more.length;
    if (neededBytes > this.#storage.length) {
      this.#resize(Math.max(neededBytes, Math.min(2 * this.#storage.length, this.#maxBytes)));
    }
    more.copy(this.#storage, this.#keptBytes);
    this.#keptBytes = neededBytes;
  }

  #resize(capacityBytes: number): void {
    const resized = Buffer.allocUnsafeSlow(capacityBytes);
    this.#keptBytes = this.bytes.copy(resized);
    this.#storage = resized;
  }

  /** What was kept; the piece is empty then. */
  take(): Buffer {
    const { bytes } = this;
    this.#storage = noBytes;
    this.#keptBytes = 0;
    this.totalBytes = 0;
    return bytes;
  }
}

export class Framer {
  readonly #sink: FrameSink;
  readonly #maxFrameBytes: number;
  readonly #scanner = new StructureScanner();
  /** The beginning of the object that is not complete yet. */
  readonly #open: Piece;
  /** What was passed over since an object failed, up to the open object or the end of the chunk. */
  readonly #failed: Piece;
  #failure = '';

  constructor(sink: FrameSink, maxFrameBytes: number) {
    this.#sink = sink;
    this.#maxFrameBytes = maxFrameBytes;
    this.#open = new Piece(maxFrameBytes);
    this.#failed = new Piece(maxFrameBytes);
  }

  /** How much memory is kept for the next chunk. */
  get keptBytes(): number {
    return this.#open.heldBytes + this.#failed.heldBytes;
  }

  /** Whether the last byte was of an object that goes on. */
  get isInObject(): boolean {
    return this.#scanner.isOpen;
  }

  /** Takes the next bytes of the stream; `bytes` may be used again once this returns. */
  push(bytes: Buffer): void {
    if (this.#scanner.isOpen) this.#continueObject(bytes);
    else this.#search(bytes, 0);
  }

  /** The stream has ended: what is incomplete will stay so. */
  end(): void {
    while (this.#scanner.isOpen) {
      const reason = 'the connection ended in the middle of an object';
      this.#scanner.reset();
      if (this.#isTooLarge(this.#open.totalBytes)) this.#refuseTooLarge();
      else this.#retryOpen(reason);
    }
    this.#refuseFailed(noBytes);
  }

  /** Refuses what is kept, for a reason of the caller's; the stream has to end here. */
  giveUp(reason: string): void {
    this.#scanner.reset();
    this.#refuseFailed(noBytes);
    const { totalBytes } = this.#open;
    if (totalBytes > 0) {
      this.#sink.refuse(this.#open.take().subarray(0, shownBytes), totalBytes, reason);
    }
  }

  #retryOpen(reason: string): void {
    const object = this.#open.take();
    this.#retry(object, object.length, reason);
  }

  /** Goes on with the object that an earlier chunk began. */
  #continueObject(bytes: Buffer): void {
    const outcome = this.#scanner.scan(bytes, 0);
    const at = this.#scanner.stoppedAt;
    const totalBytes = this.#open.totalBytes + at;
    this.#open.append(bytes.subarray(0, at));
    if (outcome === Outcome.Incomplete) return;
    this.#scanner.reset();
    if (this.#isTooLarge(totalBytes)) {
      this.#refuseTooLarge();
      this.#search(bytes, at);
      return;
    }
    const object = this.#open.take();
    if (outcome === Outcome.Failed) {
      const reason = unexpected(bytes, at, object.length);
      this.#retry(Buffer.concat([object, bytes.subarray(at)]), object.length, reason);
      return;
    }
    this.#refuseFailed(noBytes);
    this.#sink.takeObject(object, 0, object.length);
    this.#search(bytes, at);
  }

  /** The first `failedUntil` bytes are no object: looks for objects behind their first brace. */
  #retry(bytes: Buffer, failedUntil: number, reason: string): void {
    if (this.#failure === '') this.#failure = reason;
    this.#failed.append(bytes.subarray(0, 1));
    this.#search(bytes, 1, failedUntil);
  }

  /**
   * Looks for objects from `start` on, where none is open. A line end before `failedUntil` is part
   * of what failed.
   */
  #search(bytes: Buffer, start: number, failedUntil = start): void {
    const end = bytes.length;
    // Bytes from here on belong to what failed, while anything has.
    let failedFrom = start;
    let noise = 0;
    let at = start;
    while (at < end) {
      const byte = bytes[at];
      if (byte !== Byte.OpenBrace) {
        if (this.#failure === '') {
          noise += 1 - isSeparator[byte];
        } else if (byte === Byte.LineFeed && at >= failedUntil) {
          this.#refuseFailed(bytes.subarray(failedFrom, at));
        }
        at += 1;
        continue;
      }
      const usualEnd = this.#sink.takeUsual(bytes, at, Math.min(end, at + this.#maxFrameBytes));
      if (usualEnd > 0) {
        if (this.#failure !== '') this.#refuseFailed(bytes.subarray(failedFrom, at));
        at = usualEnd;
        failedFrom = at;
        continue;
      }
      const outcome = this.#scanner.scan(bytes, at);
      const stop = this.#scanner.stoppedAt;
      if (outcome === Outcome.Incomplete) {
        if (this.#failure !== '') this.#failed.append(bytes.subarray(failedFrom, at));
        this.#open.append(bytes.subarray(at));
        this.#skipNoise(noise);
        return;
      }
      this.#scanner.reset();
      const isTooLarge = this.#isTooLarge(stop - at);
      if (outcome === Outcome.Failed && !isTooLarge) {
        if (this.#failure === '') {
          this.#failure = unexpected(bytes, stop, stop - at);
          failedFrom = at;
        }
        failedUntil = Math.max(failedUntil, stop);
        at += 1;
        continue;
      }
      this.#refuseFailed(bytes.subarray(failedFrom, at));
      if (isTooLarge) {
        this.#open.append(bytes.subarray(at, stop));
        this.#refuseTooLarge();
      } else {
        this.#sink.takeObject(bytes, at, stop);
      }
      at = stop;
      failedFrom = at;
    }
    if (this.#failure !== '') {
      this.#failed.append(bytes.subarray(failedFrom));
    }
    this.#skipNoise(noise);
  }

  /** Ends what failed with its last bytes, if anything has. */
  #refuseFailed(last: Buffer): void {
    if (this.#failure === '') return;
    this.#failed.append(last);
    const { totalBytes } = this.#failed;
    const reason = this.#failure;
    this.#failure = '';
    this.#sink.refuse(this.#failed.take(), totalBytes, reason);
  }

  #refuseTooLarge(): void {
    this.#refuseFailed(noBytes);
    const { totalBytes } = this.#open;
    const reason = `larger than ${this.#maxFrameBytes} bytes (MAX_FRAME_BYTES)`;
    this.#sink.refuse(this.#open.take().subarray(0, shownBytes), totalBytes, reason);
  }

  #isTooLarge(bytes: number): boolean {
    return bytes > this.#maxFrameBytes;
  }

  #skipNoise(count: number): void {
    if (count > 0) this.#sink.skipNoise(count);
  }
}

function unexpected(bytes: Buffer, at: number, offset: number): string {
  const byte = bytes[at];
  const shown =
    byte < 0x7f ? JSON.stringify(String.fromCharCode(byte)) : `byte 0x${byte.toString(16)}`;
  return `no JSON object: unexpected ${shown} at byte ${offset}`;
}
