/** Reads a stream of server-sent events from a real socket, as fast or as slowly as a test wants. */
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StreamEvent {
  readonly name: string;
  readonly data: Record<string, unknown>;
}

export class StreamFollower {
  readonly events: StreamEvent[] = [];
  readonly headers: http.IncomingHttpHeaders;
  readonly status: number;
  comments = 0;
  retryMs: number | undefined;
  isEnded = false;
  readonly #response: http.IncomingMessage;
  #unfinished = '';

  private constructor(response: http.IncomingMessage) {
    this.#response = response;
    this.headers = response.headers;
    this.status = response.statusCode ?? 0;
    response.on('error', () => undefined);
    response.on('close', () => (this.isEnded = true));
    response.setEncoding('utf8').on('data', (text: string) => this.#receive(text));
  }

  static follow(
    port: number,
    query = '',
    { path = '/api/stream', headers = {} } = {},
  ): Promise<StreamFollower> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: path + query, headers, agent: false };
      http.get(options, (response) => resolve(new StreamFollower(response))).on('error', reject);
    });
  }

  named(name: string): Record<string, unknown>[] {
    return this.events.filter((event) => event.name === name).map(({ data }) => data);
  }

  /** All readings so far. */
  get readings(): Record<string, unknown>[] {
    return this.named('readings').flatMap(({ readings }) => readings as Record<string, unknown>[]);
  }

  /** Takes nothing any more, until `resume`. */
  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  stop(): void {
    this.#response.destroy();
  }

  #receive(text: string): void {
    const blocks = (this.#unfinished + text).split('\n\n');
    this.#unfinished = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, retry] = /^retry: (\d+)$/.exec(block) ?? [];
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      if (retry !== undefined) this.retryMs = Number(retry);
      else if (block === ':') this.comments += 1;
      else if (name === undefined || data === undefined) throw new Error(`no event: ${block}`);
      else this.events.push({ name, data: JSON.parse(data) as Record<string, unknown> });
    }
  }
}

/** Calls `check` until it throws no more. @throws what it threw last. */
export async function soon(check: () => void, withinMs = 5_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      check();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(10);
  }
}
