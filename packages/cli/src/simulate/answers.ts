/**
 * The server's answers out of the bytes of a connection: one JSON object a line.
 *
 * What always holds: at most `maxLineBytes` are kept of a line; what is no answer is told apart,
 * never thrown.
 */
import { StringDecoder } from 'node:string_decoder';

export type Answer =
  | { readonly kind: 'ack'; readonly seq: number }
  | { readonly kind: 'nack'; readonly seq: number; readonly reason: string }
  | { readonly kind: 'strange'; readonly text: string };

/** Far above what any answer needs. */
const maxLineBytes = 4_096;

export class AnswerLines {
  readonly #decoder = new StringDecoder('utf8');
  #partial = '';

  /** The answers that these bytes complete. */
  push(bytes: Buffer): Answer[] {
    const lines = (this.#partial + this.#decoder.write(bytes)).split('\n');
    this.#partial = lines.pop() ?? '';
    if (this.#partial.length > maxLineBytes) {
      lines.push(this.#partial);
      this.#partial = '';
    }
    return lines.filter((line) => line.trim() !== '').map(parseAnswer);
  }
}

export function parseAnswer(line: string): Answer {
  const strange: Answer = { kind: 'strange', text: line.slice(0, 200) };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return strange;
  }
  if (typeof value !== 'object' || value === null) return strange;
  if ('ack' in value && typeof value.ack === 'number') return { kind: 'ack', seq: value.ack };
  if ('nack' in value && typeof value.nack === 'number') {
    const reason = 'reason' in value ? String(value.reason) : 'no reason given';
    return { kind: 'nack', seq: value.nack, reason };
  }
  return strange;
}
