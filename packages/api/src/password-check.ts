/**
 * The password, compared with guesses in constant time.
 *
 * What always holds: guesses are worked on one after the other, and only a few may wait, so that
 * whoever floods the login takes one thread and 32 MB, never the machine; the password itself is
 * not kept.
 */
import { scrypt, timingSafeEqual } from 'node:crypto';

/** About 0.1 s and 32 MB a guess. */
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const verifierBytes = 32;
const keyBytes = 32;
const maxWaiting = 8;

export class PasswordCheck {
  /** A key for signing that changes with the password. */
  readonly signingKey: Buffer;
  readonly #salt: Buffer;
  readonly #verifier: Buffer;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(salt: Buffer, derived: Buffer) {
    this.#salt = salt;
    this.#verifier = derived.subarray(0, verifierBytes);
    this.signingKey = derived.subarray(verifierBytes);
  }

  static async create(password: string, salt: Buffer): Promise<PasswordCheck> {
    return new PasswordCheck(salt, await derive(password, salt));
  }

  /** Whether the guess is right; `busy` when too many wait already. */
  async matches(guess: string): Promise<boolean | 'busy'> {
    if (this.#waiting >= maxWaiting) return 'busy';
    this.#waiting += 1;
    const derived = this.#last.then(() => derive(guess, this.#salt));
    this.#last = derived.catch(() => undefined);
    try {
      return timingSafeEqual((await derived).subarray(0, verifierBytes), this.#verifier);
    } finally {
      this.#waiting -= 1;
    }
  }
}

/** Canonically composed, since keyboards differ in how they write an ä. */
function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize(), salt, verifierBytes + keyBytes, cost, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}
