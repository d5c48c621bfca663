/**
 * A gateway: sends bytes over TCP or TLS, and keeps the answers.
 *
 * What always holds: a connection that the server ends or resets is an outcome (`closed`), not an
 * error that ends the test process.
 */
import net from 'node:net';
import tls from 'node:tls';
import type { Releases } from '@zdenergy/core';
import { describeError } from '@zdenergy/core';

export interface GatewayAnswer {
  readonly ack?: string | number;
  readonly nack?: string | number;
  readonly reason?: string;
}

export interface GatewayOptions {
  /** The server's address, unless it is 127.0.0.1. */
  readonly host?: string;
  /** An address of this machine to connect from, such as 127.0.0.2. */
  readonly from?: string;
  /** Speak TLS, with these certificates. */
  readonly tls?: tls.ConnectionOptions;
  /** False: never reads an answer. */
  readonly reads?: boolean;
}

export class Gateway {
  readonly answers: GatewayAnswer[] = [];
  /** The address and port that the server sees. */
  address = '';
  /** How the connection ended: `closed`, or the error. */
  readonly closed: Promise<string>;
  readonly #socket: net.Socket;
  #isClosed = false;
  #unfinished = '';

  private constructor(socket: net.Socket, reads: boolean) {
    this.#socket = socket;
    socket.setNoDelay(true);
    this.closed = new Promise((resolve) => {
      let how = 'closed';
      socket.on('error', (error) => (how = describeError(error)));
      socket.on('close', () => {
        this.#isClosed = true;
        resolve(how);
      });
    });
    if (reads) socket.setEncoding('utf8').on('data', (text: string) => this.#receive(text));
  }

  /** Resolves once connected; the connection ends with the test. @throws when it is refused. */
  static async connect(
    port: number,
    releases: Releases,
    { host = '127.0.0.1', from, tls: certificates, reads = true }: GatewayOptions = {},
  ): Promise<Gateway> {
    const to = { host, port, ...(from !== undefined && { localAddress: from }) };
    const socket = certificates ? tls.connect({ ...to, ...certificates }) : net.connect(to);
    const gateway = new Gateway(socket, reads);
    await new Promise<void>((resolve, reject) => {
      socket.once(certificates ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
    });
    releases.push(() => void socket.destroy());
    gateway.address = `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`;
    return gateway;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How much the system has not taken yet, in bytes. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  send(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  /** Sends each piece as a packet of its own, as far as the system lets one. */
  async sendInPieces(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      await new Promise<void>((sent) => {
        this.#socket.write(piece, () => sent());
      });
    }
  }

  /**
   * Has nothing more to say; resolves once the server, too, has closed: then all of it is durable.
   * @throws {Error} when the connection was cut instead.
   */
  async end(last: string | Uint8Array = ''): Promise<void> {
    this.#socket.end(last);
    if (!this.#socket.readableFlowing) this.#socket.resume();
    const how = await this.closed;
    if (how !== 'closed') throw new Error(`the connection was to end, but: ${how}`);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  answerTo(seq: string | number): GatewayAnswer | undefined {
    return this.answers.find(({ ack, nack }) => ack === seq || nack === seq);
  }

  #receive(text: string): void {
    const lines = (this.#unfinished + text).split('\n');
    this.#unfinished = lines.pop() ?? '';
    for (const line of lines) this.answers.push(JSON.parse(line) as GatewayAnswer);
  }
}

/** Sends each text on a connection of its own that closes at once, so many of them at a time. */
export async function sendOnePerConnection(
  port: number,
  texts: readonly string[],
  atOnce: number,
): Promise<void> {
  const waiting = texts.values();
  const sendNext = async (): Promise<void> => {
    for (const text of waiting) {
      await new Promise<void>((resolve, reject) => {
        const socket = net.connect(port, '127.0.0.1', () => socket.end(text));
        socket.on('error', reject).on('close', () => resolve());
        socket.resume();
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sendNext));
}
