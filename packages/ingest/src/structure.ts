/**
 * Follows the structure of a JSON object byte by byte, across chunks.
 *
 * It checks what decides where an object ends or that it is none: quotes, brackets, commas, colons,
 * control characters. The spelling of numbers, words and escapes is left to JSON.parse, which sees
 * every object that is complete. Nothing is kept but the open brackets.
 */

export const enum Byte {
  LineFeed = 0x0a,
  Space = 0x20,
  Quote = 0x22,
  Comma = 0x2c,
  Colon = 0x3a,
  OpenBracket = 0x5b,
  Backslash = 0x5c,
  CloseBracket = 0x5d,
  OpenBrace = 0x7b,
  CloseBrace = 0x7d,
}

export const enum Outcome {
  Incomplete,
  Complete,
  Failed,
}

const enum Expect {
  Start,
  KeyOrEnd,
  Key,
  Colon,
  Value,
  ValueOrEnd,
  Scalar,
  CommaOrEnd,
  Text,
  TextEscape,
  KeyText,
  KeyTextEscape,
}

/** Deeper nesting is refused: it bounds how often a byte is looked at when objects keep failing. */
const maxDepth = 32;

const isSpace = marks(' \n\r\t');
/** Bytes of numbers, of true, false and null, and of what some send for them (NaN, None, 1.#IND). */
const isScalar = marks('+-.#0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');

function marks(characters: string): Uint8Array {
  const marked = new Uint8Array(256);
  for (const byte of Buffer.from(characters)) marked[byte] = 1;
  return marked;
}

export class StructureScanner {
  #expect = Expect.Start;
  #depth = 0;
  /** For each open bracket, whether it is a brace. */
  readonly #isObject = new Uint8Array(maxDepth);
  #stoppedAt = 0;

  /** Whether an object was begun, and neither completed nor failed. */
  get isOpen(): boolean {
    return this.#expect !== Expect.Start;
  }

  /** After `scan`: the index after the object, of the byte that cannot be, or after the chunk. */
  get stoppedAt(): number {
    return this.#stoppedAt;
  }

  /** Forgets the object; to be called after an outcome other than Incomplete. */
  reset(): void {
    this.#expect = Expect.Start;
    this.#depth = 0;
  }

  /** Goes on at `start`; for a new object that is its opening brace. */
  scan(bytes: Buffer, start: number): Outcome {
    const end = bytes.length;
    let expect = this.#expect;
    let at = start;
    for (; at < end; at += 1) {
      const byte = bytes[at];
      switch (expect) {
        case Expect.Text:
        case Expect.KeyText:
          if (byte === Byte.Quote)
            expect = expect === Expect.Text ? Expect.CommaOrEnd : Expect.Colon;
          else if (byte === Byte.Backslash) {
            expect = expect === Expect.Text ? Expect.TextEscape : Expect.KeyTextEscape;
          } else if (byte < Byte.Space) return this.#fail(at);
          continue;
        case Expect.TextEscape:
          if (byte < Byte.Space) return this.#fail(at);
          expect = Expect.Text;
          continue;
        case Expect.KeyTextEscape:
          if (byte < Byte.Space) return this.#fail(at);
          expect = Expect.KeyText;
          continue;
        case Expect.Scalar:
          if (isScalar[byte] === 1) continue;
          expect = Expect.CommaOrEnd;
          break;
        default:
      }
      if (isSpace[byte] === 1) continue;
      const next = this.#step(expect, byte);
      if (next === undefined) return this.#fail(at);
      if (this.#depth === 0) {
        this.#stoppedAt = at + 1;
        return Outcome.Complete;
      }
      expect = next;
    }
    this.#expect = expect;
    this.#stoppedAt = end;
    return Outcome.Incomplete;
  }

  #fail(at: number): Outcome {
    this.#stoppedAt = at;
    return Outcome.Failed;
  }

  /** What to expect after a byte outside of texts and scalars; undefined when it cannot be there. */
  #step(expect: Expect, byte: number): Expect | undefined {
    switch (expect) {
      case Expect.Start:
        return byte === Byte.OpenBrace ? this.#enter(true) : undefined;
      case Expect.KeyOrEnd:
        if (byte === Byte.CloseBrace) return this.#leave(true);
        return byte === Byte.Quote ? Expect.KeyText : undefined;
      case Expect.Key:
        return byte === Byte.Quote ? Expect.KeyText : undefined;
      case Expect.Colon:
        return byte === Byte.Colon ? Expect.Value : undefined;
      case Expect.ValueOrEnd:
        return byte === Byte.CloseBracket ? this.#leave(false) : this.#value(byte);
      case Expect.Value:
        return this.#value(byte);
      case Expect.CommaOrEnd:
        if (byte === Byte.Comma) {
          return this.#isObject[this.#depth - 1] === 1 ? Expect.Key : Expect.Value;
        }
        if (byte === Byte.CloseBrace) return this.#leave(true);
        return byte === Byte.CloseBracket ? this.#leave(false) : undefined;
      default:
        return undefined;
    }
  }

  #value(byte: number): Expect | undefined {
    if (byte === Byte.Quote) return Expect.Text;
    if (byte === Byte.OpenBrace) return this.#enter(true);
    if (byte === Byte.OpenBracket) return this.#enter(false);
    return isScalar[byte] === 1 ? Expect.Scalar : undefined;
  }

  #enter(isObject: boolean): Expect | undefined {
    if (this.#depth === maxDepth) return undefined;
    this.#isObject[this.#depth] = isObject ? 1 : 0;
    this.#depth += 1;
    return isObject ? Expect.KeyOrEnd : Expect.ValueOrEnd;
  }

  #leave(isObject: boolean): Expect | undefined {
    if ((this.#isObject[this.#depth - 1] === 1) !== isObject) return undefined;
    this.#depth -= 1;
    return Expect.CommaOrEnd;
  }
}
