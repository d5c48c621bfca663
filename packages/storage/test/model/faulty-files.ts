/**
 * A disk in memory that fails as disks do, in the place of the journal's file system.
 *
 * What was written is in the page cache; only a sync that succeeds makes it durable. A crash of the
 * machine keeps what is durable, and of the rest any prefix of each file, the last sector torn. Names
 * are durable once their directory is synced. After a failed sync the cache is clean: the next sync
 * succeeds without making anything durable. Every step may be the one at which the process dies.
 */
import type { Files, FreeSpace, JournalFile } from '../../src/journal/files.js';
import type { Random } from './random.js';

/** The process dies here; nothing after it happens. */
export class Crash extends Error {}

export interface Faults {
  /** Of each kind, how likely it is at each step. */
  readonly crash: number;
  readonly shortWrite: number;
  readonly full: number;
  readonly syncFails: number;
}

export const noFaults: Faults = { crash: 0, shortWrite: 0, full: 0, syncFails: 0 };

interface Node {
  cached: Buffer;
  durable: Buffer;
  /** Whether the cache holds what the disk does not, as far as the kernel knows. */
  dirty: boolean;
}

const systemError = (code: string): Error => Object.assign(new Error(code), { code });

export class FaultyFiles implements Files {
  faults: Faults = noFaults;
  readonly #random: Random;
  #names = new Map<string, Node>();
  #durableNames = new Map<string, Node>();
  #dead = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** What a new process finds after the old one died; with `powerLost` the cache is gone too. */
  restart(powerLost: boolean): void {
    this.#dead = false;
    this.faults = noFaults;
    if (!powerLost) return;
    this.#names = new Map(this.#durableNames);
    for (const node of this.#names.values()) {
      node.cached = this.#survivors(node);
      node.durable = Buffer.from(node.cached);
      node.dirty = false;
    }
  }

  /** The durable bytes, and by luck some of what was only in the cache. */
  #survivors(node: Node): Buffer {
    const { cached, durable } = node;
    if (!node.dirty || this.#random.chance(0.5)) return Buffer.from(durable);
    let same = 0;
    while (same < durable.length && same < cached.length && durable[same] === cached[same])
      same += 1;
    const kept = same + this.#random.below(cached.length - same + 1);
    const survivors = Buffer.from(
      cached.subarray(0, Math.max(kept, Math.min(durable.length, cached.length))),
    );
    const torn = survivors.length - kept;
    if (torn > 0) durable.copy(survivors, kept, kept, survivors.length);
    return survivors;
  }

  /** The journal's files, for damage to be done to them. */
  segments(): Buffer[] {
    return [...this.#names]
      .filter(([path]) => path.endsWith('.segment') && !path.includes('damaged'))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, node]) => node.cached);
  }

  /** Where the process may die; a dead one does nothing more. */
  #step(): void {
    if (this.#dead) throw new Crash();
    if (this.#random.chance(this.faults.crash)) {
      this.#dead = true;
      throw new Crash();
    }
  }

  async makeDirectory(): Promise<void> {
    this.#step();
  }

  async syncDirectory(path: string): Promise<void> {
    this.#step();
    const inDirectory = (name: string): boolean => name.slice(0, name.lastIndexOf('/')) === path;
    for (const name of [...this.#durableNames.keys()].filter(inDirectory))
      this.#durableNames.delete(name);
    for (const [name, node] of this.#names)
      if (inDirectory(name)) this.#durableNames.set(name, node);
    this.#step();
  }

  async list(path: string): Promise<string[]> {
    this.#step();
    return [...this.#names.keys()]
      .filter((name) => name.startsWith(`${path}/`))
      .map((name) => name.slice(path.length + 1))
      .filter((name) => !name.includes('/'));
  }

  async create(path: string): Promise<JournalFile> {
    this.#step();
    if (this.#names.has(path)) throw systemError('EEXIST');
    if (this.#random.chance(this.faults.full)) throw systemError('ENOSPC');
    const node = { cached: Buffer.alloc(0), durable: Buffer.alloc(0), dirty: false };
    this.#names.set(path, node);
    this.#step();
    return this.#file(node);
  }

  async open(path: string): Promise<JournalFile> {
    this.#step();
    const node = this.#names.get(path);
    if (node === undefined) throw systemError('ENOENT');
    return this.#file(node);
  }

  async readAll(path: string): Promise<Buffer | undefined> {
    this.#step();
    const node = this.#names.get(path);
    return node === undefined ? undefined : Buffer.from(node.cached);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step();
    const node = this.#names.get(from);
    if (node === undefined) throw systemError('ENOENT');
    this.#names.delete(from);
    this.#names.set(to, node);
    this.#step();
  }

  async remove(path: string): Promise<void> {
    this.#step();
    this.#names.delete(path);
    this.#step();
  }

  async freeSpace(): Promise<FreeSpace> {
    return { freeBytes: 1e12, totalBytes: 2e12 };
  }

  #file(node: Node): JournalFile {
    return {
      write: async (bytes, position) => {
        this.#step();
        if (this.#random.chance(this.faults.full)) throw systemError('ENOSPC');
        const isShort = this.#random.chance(this.faults.shortWrite);
        const taken = isShort ? this.#random.below(bytes.length) : bytes.length;
        const grown = Buffer.alloc(Math.max(node.cached.length, position + taken));
        node.cached.copy(grown);
        grown.set(bytes.subarray(0, taken), position);
        node.cached = grown;
        node.dirty = true;
        this.#step();
        return taken;
      },
      datasync: async () => {
        this.#step();
        if (this.#random.chance(this.faults.syncFails)) {
          node.dirty = false;
          throw systemError('EIO');
        }
        if (node.dirty) node.durable = Buffer.from(node.cached);
        node.dirty = false;
        this.#step();
      },
      truncate: async (length) => {
        this.#step();
        node.cached = Buffer.from(node.cached.subarray(0, length));
        node.dirty = true;
      },
      read: async (into, position) => {
        this.#step();
        return node.cached.copy(into, 0, position, position + into.length);
      },
      size: async () => {
        this.#step();
        return node.cached.length;
      },
      close: async () => undefined,
    };
  }
}
