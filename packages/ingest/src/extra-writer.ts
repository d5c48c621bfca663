/**
 * Writes the extra JSON of one object while its members are being found, without a string for any.
 *
 * What always holds: the bytes are those that `encodeExtra` gives for the same members.
 */

/** What needs more space or has more members is left to JSON.parse. */
const maxBytes = 1_024;
const maxMembers = 16;

const enum Char {
  Comma = 0x2c,
  Colon = 0x3a,
  OpenBrace = 0x7b,
  CloseBrace = 0x7d,
}

export class ExtraWriter {
  readonly #bytes = Buffer.alloc(maxBytes);
  #length = 0;
  /** For each member, where its name begins and ends. */
  readonly #names = new Uint16Array(2 * maxMembers);
  #count = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  clear(): void {
    this.#length = 0;
    this.#count = 0;
  }

  /**
   * Adds a member whose name (with its quotes) and value end before the given indices; false if it
   * is one too many, or its name was there before.
   */
  add(
    source: Buffer,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const nameBytes = nameEnd - nameStart;
    const neededBytes = 3 + nameBytes + valueEnd - valueStart;
    if (this.#count === maxMembers || this.#length + neededBytes > maxBytes) return false;
    if (this.#hasName(source, nameStart, nameBytes)) return false;
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = this.#count === 0 ? Char.OpenBrace : Char.Comma;
    this.#names[2 * this.#count] = at;
    for (let index = nameStart; index < nameEnd; index += 1) bytes[at++] = source[index];
    this.#names[2 * this.#count + 1] = at;
    this.#count += 1;
    bytes[at++] = Char.Colon;
    for (let index = valueStart; index < valueEnd; index += 1) bytes[at++] = source[index];
    this.#length = at;
    return true;
  }

  /** The object, until members are added again. */
  finish(): Buffer {
    this.#bytes[this.#length] = Char.CloseBrace;
    return this.#bytes.subarray(0, this.#length + 1);
  }

  #hasName(source: Buffer, nameStart: number, nameBytes: number): boolean {
    for (let member = 0; member < this.#count; member += 1) {
      const start = this.#names[2 * member];
      if (this.#names[2 * member + 1] - start !== nameBytes) continue;
      let same = 0;
      while (same < nameBytes && this.#bytes[start + same] === source[nameStart + same]) same += 1;
      if (same === nameBytes) return true;
    }
    return false;
  }
}
