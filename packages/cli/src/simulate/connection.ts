/**
 * One connection of a gateway: packets go out, answers come in.
 *
 * What always holds: one reading's packets go out at a time; no reading is begun while the socket
 * is full of bytes that the server has not taken, so that a server that does not read costs little
 * memory here; `closed` is told exactly once, and nothing after it.
 */
import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { errorCode } from '@zdenergy/core';
import type { Plan } from './faults.js';
import type { TimerWheel } from './timer-wheel.js';

export interface Target {
  readonly host: string;
  readonly port: number;
  /** Answers from one lookup for the whole fleet. */
  readonly lookup: LookupFunction;
  /** Speak TLS; the server's certificate is not checked. */
  readonly secureContext: SecureContext | undefined;
}

export interface ConnectionEvents {
  opened(): void;
  /** After a pause, the connection can take the next reading. */
  ready(): void;
  /** The socket holds bytes that the server does not take. */
  stalled(): void;
  received(bytes: Buffer): void;
  /** @param trouble why it failed or broke, in plain words; undefined after an orderly end */
  closed(trouble: string | undefined): void;
}

/** Between packets of one reading: long enough that the server reads them one by one. */
const packetPauseMs = 20;

export class Connection {
  readonly #tcp: Socket;
  readonly #socket: Socket;
  readonly #wheel: TimerWheel;
  readonly #events: ConnectionEvents;
  #open = false;
  #sending = false;
  #stalled = false;
  #ending = false;
  #trouble: string | undefined;

  constructor(target: Target, wheel: TimerWheel, events: ConnectionEvents) {
    const { host, port, lookup, secureContext } = target;
    this.#wheel = wheel;
    this.#events = events;
    this.#tcp = connectTcp({ host, port, lookup, noDelay: true });
    this.#socket =
      secureContext === undefined
        ? this.#tcp
        : connectTls({ socket: this.#tcp, secureContext, rejectUnauthorized: false });
    this.#socket.once(secureContext === undefined ? 'connect' : 'secureConnect', () => {
      this.#open = true;
      events.opened();
    });
    this.#socket.on('data', (bytes: Buffer) => events.received(bytes));
    this.#socket.on('drain', () => {
      this.#stalled = false;
      this.#tellIfReady();
    });
    this.#socket.on('error', (error) => {
      this.#trouble = explain(error, target);
    });
    this.#socket.once('close', () => {
      this.#open = false;
      events.closed(
        this.#trouble ?? (this.#ending ? undefined : 'the server closed the connection'),
      );
    });
    // A TLS socket passes its own errors on, not always those of the connection under it.
    if (this.#tcp !== this.#socket) {
      this.#tcp.on('error', (error) => {
        this.#trouble ??= explain(error, target);
        this.#socket.destroy();
      });
    }
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether it can take a reading now. */
  get isReady(): boolean {
    return this.#open && !this.#sending && !this.#stalled && !this.#ending;
  }

  /**
   * Sends a reading's packets. A plan that is cut ends in a reset, and then neither is called.
   * @param handed the whole object goes to the socket: an answer can come from now on
   * @param written the network has taken the last packet; that may be told after the answer
   */
  send(plan: Plan, handed: () => void, written: () => void): void {
    this.#sending = true;
    this.#sendPacket(plan, 0, handed, written);
  }

  /** Closes in order: the reading under way, and what was written, arrives first. */
  end(): void {
    this.#ending = true;
    if (!this.#sending) this.#socket.end();
  }

  /** Closes at once. */
  destroy(trouble?: string): void {
    this.#trouble ??= trouble;
    this.#ending = true;
    this.#socket.destroy();
  }

  #sendPacket(plan: Plan, index: number, handed: () => void, written: () => void): void {
    const packet = plan.packets[index];
    if (!this.#open || packet === undefined) return;
    const isLast = index + 1 === plan.packets.length;
    if (index === plan.completedBy) handed();
    const taken = this.#socket.write(packet, (error) => {
      if (error || !isLast) return;
      if (plan.cut) this.#reset();
      else written();
    });
    if (!taken) {
      this.#stalled = true;
      this.#events.stalled();
    }
    if (!isLast) {
      this.#wheel.at(performance.now() + packetPauseMs, () =>
        this.#sendPacket(plan, index + 1, handed, written),
      );
    } else if (!plan.cut) {
      this.#sending = false;
      if (this.#ending) this.#socket.end();
      else if (index > 0) this.#tellIfReady();
    }
  }

  #reset(): void {
    this.#ending = true;
    this.#tcp.resetAndDestroy();
    if (this.#tcp !== this.#socket) this.#socket.destroy();
  }

  #tellIfReady(): void {
    if (this.isReady) this.#events.ready();
  }
}

/** An error of a connection for a person at a terminal. */
function explain(error: Error, { host, port }: Target): string {
  const code = errorCode(error);
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens on ${host}:${port}`;
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the server cut the connection';
    case 'EMFILE':
    case 'ENFILE':
      return 'no more files may be opened here: raise the limit with "ulimit -n", or take fewer gateways';
    case 'EADDRNOTAVAIL':
      return `no local port is free towards ${host}:${port}: take fewer gateways or a longer interval`;
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
    case 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE':
      return 'the server asks for a client certificate: give --tls-cert and --tls-key';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return `${host}:${port} does not speak TLS`;
    default:
      return code?.startsWith('ERR_SSL_') === true ? `TLS failed with ${code}` : error.message;
  }
}
