/**
 * A client of server-sent events as browsers have it: it comes back by itself, as soon after the end
 * of a connection as the server has asked for.
 */
import http from 'node:http';

export interface StreamEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** By the monotonic clock. */
  readonly receivedAtMs: number;
}

/** What browsers wait unless the server says otherwise is about this. */
const defaultRetryMs = 3_000;

export class EventSource {
  readonly events: StreamEvent[] = [];
  /** How often a stream was opened. */
  connections = 0;
  /** When the last connection ended; by the monotonic clock. */
  endedAtMs: number | undefined;
  readonly #port: number;
  readonly #path: string;
  #retryMs = defaultRetryMs;
  #request: http.ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Connects at once. */
  constructor(port: number, path: string) {
    this.#port = port;
    this.#path = path;
    this.#connect();
  }

  named(name: string): StreamEvent[] {
    return this.events.filter((event) => event.name === name);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#request?.destroy();
  }

  #connect(): void {
    const options = {
      host: '127.0.0.1',
      port: this.#port,
      path: this.#path,
      headers: { Accept: 'text/event-stream' },
      agent: false,
    };
    this.#request = http.get(options, (response) => {
      let unfinished = '';
      if (response.statusCode === 200) this.connections += 1;
      response.on('error', () => undefined);
      response.setEncoding('utf8').on('data', (text: string) => {
        const blocks = (unfinished + text).split('\n\n');
        unfinished = blocks.pop() ?? '';
        for (const block of blocks) this.#receive(block);
      });
    });
    this.#request.on('error', () => undefined);
    this.#request.on('close', () => {
      this.endedAtMs = performance.now();
      if (!this.#isClosed) this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
    });
  }

  #receive(block: string): void {
    const receivedAtMs = performance.now();
    let name = 'message';
    let data = '';
    for (const line of block.split('\n')) {
      const [, field, value] = /^(\w*): ?(.*)$/.exec(line) ?? [];
      if (field === 'event') name = value ?? '';
      if (field === 'data') data += value ?? '';
      if (field === 'retry') this.#retryMs = Number(value);
    }
    if (data === '') return;
    this.events.push({ name, data: JSON.parse(data) as StreamEvent['data'], receivedAtMs });
  }
}
