/**
 * A POST to somebody else's server.
 *
 * What always holds: only an answer in the 200s counts; redirections are not followed, since they would
 * carry what is sent to somewhere else; of the answer's body little is read, and nothing is kept.
 */
import { DeliveryFailed, failureOf } from './channel.js';

const userAgent = 'zdenergy';

export interface Post {
  /** Secret. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @throws {DeliveryFailed} */
export async function post({ url, headers, body }: Post, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'user-agent': userAgent, ...headers },
      body,
      redirect: 'manual',
      signal,
    });
    await response.body?.cancel();
    if (!response.ok) throw new DeliveryFailed(`it answered with status ${response.status}`);
  } catch (error) {
    throw failureOf(error, secretsOf(url));
  }
}

/** The address, and what of it may be a secret: everything after the host. */
function secretsOf(address: string): string[] {
  const { href, pathname, search, username, password } = new URL(address);
  return [address, href, `${pathname}${search}`, pathname, search, username, password];
}
