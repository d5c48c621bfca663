/**
 * Where alerts go: what every channel has in common.
 *
 * What always holds: a failure is told in words in which nothing of the channel's secrets is left.
 */
import { describeError } from '@zdenergy/core';
import type { ChannelName } from './alert-state.js';
import type { Message } from './alert-message.js';

export interface Channel {
  readonly name: ChannelName;
  /** For the log. */
  readonly label: string;
  /**
   * Resolves once the receiver has taken it; gives up when the signal says so.
   * @throws {DeliveryFailed}
   */
  send(message: Message, signal: AbortSignal): Promise<void>;
}

/** Why a receiver has not taken a message: a sentence without its end, free of secrets. */
export class DeliveryFailed extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'DeliveryFailed';
  }
}

/** Shorter ones would be found in words that they have nothing to do with. */
const minSecretLength = 4;
const maxReasonLength = 300;

/** What went wrong, in one line, with each of the secrets replaced. */
export function failureOf(error: unknown, secrets: readonly string[]): DeliveryFailed {
  if (error instanceof DeliveryFailed) return error;
  const { name, cause } = partsOf(error);
  if (name === 'AbortError' || name === 'TimeoutError') {
    return new DeliveryFailed('it did not answer in time');
  }
  // What fetch throws says nothing itself; its cause does.
  const said = name === 'TypeError' && cause !== undefined ? cause : error;
  return new DeliveryFailed(withoutSecrets(describeError(said), secrets));
}

function partsOf(error: unknown): { readonly name?: unknown; readonly cause?: unknown } {
  return typeof error === 'object' && error !== null ? error : {};
}

/** The text in one line, with each of the secrets replaced. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const long = secrets.filter(({ length }) => length >= minSecretLength);
  // The longest first: one may be a part of another.
  const ordered = long.sort((a, b) => b.length - a.length);
  const clean = ordered.reduce((left, secret) => left.replaceAll(secret, '***'), text);
  return clean.replace(/\s+/g, ' ').trim().slice(0, maxReasonLength);
}
