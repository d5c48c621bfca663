/**
 * Bytes as blocks of whole lines.
 *
 * What always holds: a block ends where a line ends; memory is bounded by a block.
 */

/** About 17,000 rows: enough for a batch, and little to read again. */
const blockBytes = 1024 * 1024;
const newline = 10;

export interface LineBlock {
  /** Without line ends; LF and CRLF are both one. */
  readonly lines: readonly string[];
  /** What they took, with their line ends. */
  readonly bytes: number;
}

/** @throws {Error} when a line is longer than a block. */
export async function* lineBlocks(chunks: AsyncIterable<Buffer>): AsyncGenerator<LineBlock> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < blockBytes) continue;
    const bytes = Buffer.concat(held);
    const end = bytes.lastIndexOf(newline) + 1;
    if (end === 0) throw new Error('a line is longer than 1 MB. Is this a text file?');
    yield linesOf(bytes.subarray(0, end));
    held = [Buffer.from(bytes.subarray(end))];
    heldBytes = bytes.length - end;
  }
  if (heldBytes > 0) yield linesOf(Buffer.concat(held));
}

function linesOf(bytes: Buffer): LineBlock {
  const lines = bytes.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return {
    lines: lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)),
    bytes: bytes.length,
  };
}
