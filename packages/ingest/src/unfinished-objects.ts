/**
 * What all connections together keep of objects that are not complete yet.
 *
 * What always holds: it is bounded, however many connections there are, by a limit and by
 * `smallBytes` for each connection. The usual reading, which a network may split anywhere, is never
 * refused for what others have left unfinished.
 */

/** Room for 500 objects of the largest size at once, which gateways that work never come near. */
const maxBytes = 32 * 1024 * 1024;
/** Several readings; ten thousand of them are 10 MB. */
const smallBytes = 1024;

export class UnfinishedObjects {
  #bytes = 0;

  /** A connection keeps `afterBytes` now, and kept `beforeBytes`; false when that is too much. */
  changed(beforeBytes: number, afterBytes: number): boolean {
    this.#bytes += afterBytes - beforeBytes;
    return afterBytes <= Math.max(beforeBytes, smallBytes) || this.#bytes <= maxBytes;
  }
}

/** For the log and `rejected_readings`. */
export const tooManyUnfinished =
  `too many unfinished objects: those of all gateways together are larger than ` +
  `${maxBytes / 1024 / 1024} MB`;
