/**
 * The fields of a request's body, sent as JSON or as a form.
 *
 * What always holds: no more than 100 KB of it is kept, and what is larger is refused as soon as that
 * is known, however much is still to come.
 */
import type { IncomingMessage } from 'node:http';

/** From reliability. */
const maxBytes = 100 * 1024;

/** The client is to blame; `status` is what to answer. */
export class BodyRefused extends Error {
  constructor(
    readonly status: 400 | 413,
    message: string,
  ) {
    super(message);
    this.name = 'BodyRefused';
  }
}

/** The fields that are texts. @throws {BodyRefused} */
export async function readFields(request: IncomingMessage): Promise<ReadonlyMap<string, string>> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  const text = (await readBody(request)).toString('utf8');
  if (type === 'application/x-www-form-urlencoded') return new Map(new URLSearchParams(text));
  if (type === 'application/json') return new Map(jsonFields(text));
  throw new BodyRefused(400, 'Send it as a form or as JSON, and say which in Content-Type.');
}

function jsonFields(text: string): [string, string][] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BodyRefused(400, 'The body is no valid JSON.');
  }
  if (typeof value !== 'object' || value === null) {
    throw new BodyRefused(400, 'The body is no JSON object.');
  }
  return Object.entries(value).flatMap(([name, field]: [string, unknown]) =>
    typeof field === 'string' ? [[name, field]] : [],
  );
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const refuse = (): void => reject(new BodyRefused(413, 'The body is larger than 100 KB.'));
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) refuse();
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else refuse();
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('close', () => reject(new BodyRefused(400, 'The body was cut off.')));
  });
}
