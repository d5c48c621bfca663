/**
 * Visitors over HTTP: a monitor that polls, a reader of a long answer, viewers of a stream.
 *
 * What always holds: a poll is due at its moment, and its latency counts from there, so that a slow
 * server gets no fewer polls to be judged by; of what is read nothing is kept.
 */
import http from 'node:http';
import net from 'node:net';
import {
  cpuSecondsSince,
  monotonicMs,
  type Address,
  type Answering,
  type Questions,
} from './generator-protocol.js';

const pollConnections = 50;
/** How long the last answers may take. */
const patienceMs = 10_000;
const lineEnd = 10;

export const visiting: Answering<'poll' | 'download' | 'read' | 'finishReading'> = {
  async poll({ path, perSecond, durationMs, host, port }) {
    const request = `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`;
    const pollers = await Promise.all(
      Array.from({ length: pollConnections }, () => Poller.connect({ host, port }, request)),
    );
    const cpuBefore = process.cpuUsage();
    const startedAtMs = monotonicMs();
    const polls = Math.floor((perSecond * durationMs) / 1_000);
    const latenciesMs: number[] = [];
    let settled = 0;
    let next = 0;
    const idle = [...pollers];
    const deadline = startedAtMs + durationMs + patienceMs;
    while (settled < polls && monotonicMs() < deadline) {
      const due = Math.min(polls, ((monotonicMs() - startedAtMs) * perSecond) / 1_000);
      for (; next < due && idle.length > 0; next += 1) {
        const dueAtMs = startedAtMs + (next * 1_000) / perSecond;
        const poller = idle.pop();
        if (poller === undefined) break;
        poller.ask((isOk) => {
          settled += 1;
          if (isOk) latenciesMs.push(monotonicMs() - dueAtMs);
          idle.push(poller);
        });
      }
      // It adds a millisecond; never to rest would take a core from the server.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const seconds = (monotonicMs() - startedAtMs) / 1_000;
    for (const poller of pollers) poller.end();
    return {
      latenciesMs,
      failures: polls - latenciesMs.length,
      seconds,
      cpuSeconds: cpuSecondsSince(cpuBefore),
    };
  },

  async download(question) {
    const startedAtMs = monotonicMs();
    let [bytes, lines] = [0, 0];
    for await (const chunk of await get(question, question.path)) {
      bytes += chunk.length;
      for (let at = chunk.indexOf(lineEnd); at >= 0; at = chunk.indexOf(lineEnd, at + 1)) {
        lines += 1;
      }
    }
    return { bytes, lines, seconds: (monotonicMs() - startedAtMs) / 1_000 };
  },

  async read(question) {
    readers = new Readers(question);
    await readers.start();
    return {};
  },

  async finishReading() {
    if (readers === undefined) throw new Error('nothing is being read');
    const answer = readers.end();
    readers = undefined;
    return answer;
  },
};

/** One connection that is kept, with one question under way at the most. */
class Poller {
  readonly #socket: net.Socket;
  readonly #request: string;
  #text = '';
  #answered: ((isOk: boolean) => void) | undefined;

  private constructor(socket: net.Socket, request: string) {
    this.#socket = socket;
    this.#request = request;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', () => this.#settle(false));
    socket.on('close', () => this.#settle(false));
  }

  static connect(address: Address, request: string): Promise<Poller> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ ...address, noDelay: true }, () =>
        resolve(new Poller(socket, request)),
      );
      socket.once('error', reject);
    });
  }

  ask(answered: (isOk: boolean) => void): void {
    this.#answered = answered;
    this.#text = '';
    this.#socket.write(this.#request);
  }

  end(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#text += text;
    const headEnd = this.#text.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(this.#text) ?? [];
    if (this.#text.length < headEnd + 4 + Number(length)) return;
    // A warning is an answer too: 503.
    this.#settle(/^HTTP\/1.1 (200|503) /.test(this.#text));
  }

  #settle(isOk: boolean): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(isOk);
  }
}

let readers: Readers | undefined;

class Readers {
  readonly #question: Questions['read'];
  readonly #answers = new Set<http.IncomingMessage>();
  #downloads = 0;
  #downloadedBytes = 0;
  #streamedBytes = 0;
  #lostStreams = 0;
  #ended = false;

  constructor(question: Questions['read']) {
    this.#question = question;
  }

  async start(): Promise<void> {
    const { viewers, streamPath } = this.#question;
    await Promise.all(
      Array.from({ length: viewers }, async () => {
        const stream = await get(this.#question, streamPath);
        this.#answers.add(stream);
        stream.on('data', (chunk: Buffer) => (this.#streamedBytes += chunk.length));
        stream.on('error', () => undefined);
        stream.on('close', () => (this.#lostStreams += this.#ended ? 0 : 1));
      }),
    );
    void this.#download();
  }

  end(): Awaited<ReturnType<Answering<'finishReading'>['finishReading']>> {
    this.#ended = true;
    for (const answer of this.#answers) answer.destroy();
    return {
      downloads: this.#downloads,
      downloadedBytes: this.#downloadedBytes,
      streamedBytes: this.#streamedBytes,
      lostStreams: this.#lostStreams,
    };
  }

  async #download(): Promise<void> {
    while (!this.#ended) {
      const answer = await get(this.#question, this.#question.downloadPath);
      this.#answers.add(answer);
      try {
        for await (const chunk of answer) this.#downloadedBytes += chunk.length;
        this.#downloads += 1;
      } catch {
        // It was ended here, or its end shows in the number of downloads.
      }
      this.#answers.delete(answer);
    }
  }
}

type Answer = http.IncomingMessage & AsyncIterable<Buffer>;

/** An answer of which nothing was read yet. @throws {Error} when it is not 200. */
function get({ host, port }: Address, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host, port, path, agent: false }, (response) => {
      if (response.statusCode === 200) resolve(response);
      else reject(new Error(`${path} is answered with ${response.statusCode}`));
    });
    request.on('error', reject);
  });
}
