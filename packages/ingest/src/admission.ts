/**
 * Who may connect: the addresses that are allowed, and how many connections there may be.
 *
 * What always holds: a connection counts from the moment that the system hands it over until its
 * socket is closed, also while it only negotiates TLS; descriptors are left for the journal and the
 * database.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { addressList, type AddressList, type Logger, type Settings } from '@zdenergy/core';

/** For the journal, the database, the log, IPC and Node itself. */
const reservedDescriptors = 48;

export class Admission {
  readonly #allowed: AddressList | undefined;
  readonly #maxConnections: number;
  readonly #maxPerAddress: number;
  readonly #perAddress = new Map<string, number>();
  #taken = 0;

  constructor(settings: Settings, log: Logger) {
    this.#allowed = settings.tcpAllow.length > 0 ? addressList(settings.tcpAllow) : undefined;
    this.#maxConnections = maxConnections(settings, log);
    this.#maxPerAddress = settings.tcpMaxConnectionsPerIp;
  }

  /** Takes a place for the socket until it is closed, or says why it may have none. */
  admit(socket: Socket): string | undefined {
    const address = addressOf(socket);
    const refusal = this.#refusal(address);
    if (refusal !== undefined) return refusal;
    this.#taken += 1;
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    socket.once('close', () => this.#release(address));
    return undefined;
  }

  #refusal(address: string): string | undefined {
    if (address === '') return 'it has gone already';
    if (this.#allowed?.includes(address) === false) return 'its address is not in TCP_ALLOW';
    if (this.#taken >= this.#maxConnections) {
      return `${this.#maxConnections} connections are open, the most that may be`;
    }
    if (this.#maxPerAddress > 0 && (this.#perAddress.get(address) ?? 0) >= this.#maxPerAddress) {
      return `it has ${this.#maxPerAddress} connections (TCP_MAX_CONNECTIONS_PER_IP)`;
    }
    return undefined;
  }

  #release(address: string): void {
    this.#taken -= 1;
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
  }
}

/** The peer's address, an IPv4 one as such; empty when it has gone. */
export function addressOf({ remoteAddress }: Socket): string {
  return remoteAddress?.replace(/^::ffff:/, '') ?? '';
}

/** This worker's share of TCP_MAX_CONNECTIONS, as far as file descriptors allow. */
function maxConnections(settings: Settings, log: Logger): number {
  const share = Math.ceil(settings.tcpMaxConnections / settings.ingestWorkers);
  const most = Math.max(1, openFilesLimit() - reservedDescriptors);
  if (most < share) {
    log.warning(
      `The limit of open files allows ${most} connections, fewer than the ${share} of ` +
        'TCP_MAX_CONNECTIONS. Raise it (ulimit -n, or LimitNOFILE in systemd).',
    );
  }
  return Math.min(share, most);
}

/** The process's limit of file descriptors; where it is not told, none is assumed. */
function openFilesLimit(): number {
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return match === null ? Infinity : Number(match[1]);
  } catch {
    return Infinity;
  }
}
