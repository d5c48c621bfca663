/**
 * Sends rejected readings again and finds out what became of each.
 *
 * What always holds: they are sent one after the other, oldest first, each on a connection of its
 * own, so that a reject can be told by its peer; a row is marked once the server has confirmed that
 * it took the reading, and not before.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, timeZone, type Settings } from '@zdenergy/core';
import type { RejectedReading, RejectedReadings } from '@zdenergy/storage';
import { journalRoot } from '../command/installation.js';
import { instant } from '../command/text.js';
import type { ReplayOptions } from './arguments.js';
import { describeFate, isStoredFate, judgeFate, type Evidence } from './fate.js';
import { expectation, replayHindrance, type Expectation } from './raw-reading.js';
import { deliver, type Delivery } from './sending.js';
import { isAccountedFor, journalEnds } from './settling.js';

/** So many are sent before it is looked what became of them. */
const roundSize = 100;
/** A backlog of another kind may be in front; then it is said that they wait. */
const settleWithinMs = 30_000;
const pollMs = 100;

/** A reading that was sent again. */
interface Sent {
  readonly id: number;
  readonly expected: Expectation | undefined;
  /** One was stored at its place before, or one sent before it may have been. */
  readonly wasStored: boolean;
  readonly delivery: Delivery;
}

export interface ReplayCounts {
  stored: number;
  notStored: number;
}

/** Replays what was chosen, and prints a line for each. @throws {Error} fit for a person. */
export async function replay(
  options: ReplayOptions,
  settings: Settings,
  database: RejectedReadings,
  print: (line: string) => void,
): Promise<ReplayCounts> {
  const counts: ReplayCounts = { stored: 0, notStored: 0 };
  for await (const rejects of rounds(options, database, print, counts)) {
    const replayable = rejects.filter((reject) => {
      const hindrance = hindranceOf(reject, options.again);
      if (hindrance === undefined) return true;
      print(`${reject.id}: ⚠️ not sent: ${hindrance}`);
      counts.notStored += 1;
      return false;
    });
    const round = new Round(options, settings, database);
    await round.send(replayable);
    for (const { id, fate } of await round.outcome()) {
      print(`${id}: ${describeFate(fate)}`);
      counts[isStoredFate(fate) ? 'stored' : 'notStored'] += 1;
    }
    if (round.failure !== undefined) throw round.failure;
  }
  return counts;
}

function hindranceOf(reject: RejectedReading, again: boolean): string | undefined {
  const { replayedAt } = reject;
  if (replayedAt !== null && !again) {
    return `it was sent again before, at ${instant(replayedAt)}. Add --again to send it once more.`;
  }
  return replayHindrance(reject);
}

/** The chosen rejects in portions, oldest first. What is rejected meanwhile is not among them. */
async function* rounds(
  { selection, again }: ReplayOptions,
  database: RejectedReadings,
  print: (line: string) => void,
  counts: ReplayCounts,
): AsyncGenerator<RejectedReading[]> {
  if (selection.kind === 'ids') {
    const ids = [...new Set(selection.ids)].sort((a, b) => a - b);
    for (let at = 0; at < ids.length; at += roundSize) {
      const wanted = ids.slice(at, at + roundSize);
      const found = await database.find(wanted);
      const present = new Set(found.map(({ id }) => id));
      for (const id of wanted.filter((missing) => !present.has(missing))) {
        print(`${id}: ⚠️ there is no such rejected reading`);
        counts.notStored += 1;
      }
      yield found;
    }
    return;
  }
  const newest = await database.newestId();
  for (let after = 0; ;) {
    const ids = await database.idsToReplay(selection.reason, again, after, newest, roundSize);
    const last = ids.at(-1);
    if (last === undefined) return;
    yield await database.find(ids);
    after = last;
  }
}

class Round {
  /** Why not all of it was sent. */
  failure: Error | undefined;
  readonly #options: ReplayOptions;
  readonly #settings: Settings;
  readonly #database: RejectedReadings;
  readonly #sent: Sent[] = [];
  #newestBefore = 0;

  constructor(options: ReplayOptions, settings: Settings, database: RejectedReadings) {
    this.#options = options;
    this.#settings = settings;
    this.#database = database;
  }

  get #isHere(): boolean {
    return this.#options.host === undefined;
  }

  /** Sends until the first failure, and marks what was sent. */
  async send(rejects: readonly RejectedReading[]): Promise<void> {
    if (rejects.length === 0) return;
    // Before anything is sent: is this the database of the server's journal?
    if (this.#isHere) await isAccountedFor(await this.#ends(), this.#database);
    this.#newestBefore = await this.#database.newestId();
    const zone = timeZone(this.#settings.sensorTimeZone);
    const expected = rejects.map(({ raw }) =>
      expectation(raw, zone, Date.now() * 1_000, this.#settings),
    );
    const areStored = await this.#areAtTheirTime(expected);
    const wereStored = areStored.map((isStored, index) => isStored || isRepeated(expected, index));
    const host = this.#options.host ?? localAddress(this.#settings.tcpHost);
    const port = this.#options.port ?? this.#settings.tcpPort;
    try {
      for (const [index, { id, raw }] of rejects.entries()) {
        const delivery = await deliver(host, port, raw, index === 0);
        this.#sent.push({ id, expected: expected[index], wasStored: wereStored[index], delivery });
      }
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(describeError(error));
    }
    await this.#database.markReplayed(this.#sent.map(({ id }) => id));
  }

  /** What became of each, once the database has accounted for all or the time is over. */
  async outcome() {
    const ends = this.#isHere ? await this.#ends() : [];
    const deadlineMs = performance.now() + settleWithinMs;
    for (;;) {
      // Asked first: what is looked up afterwards is then final.
      const isSettled = ends.length > 0 && (await isAccountedFor(ends, this.#database));
      const fates = (await this.#evidence(isSettled)).map(judgeFate);
      const isOver = isSettled || fates.every(({ kind }) => kind !== 'waiting');
      if (isOver || performance.now() > deadlineMs) {
        return this.#sent.map(({ id }, index) => ({ id, fate: fates[index] }));
      }
      await sleep(pollMs);
    }
  }

  #ends() {
    return journalEnds(journalRoot(this.#settings));
  }

  async #evidence(isSettled: boolean): Promise<Evidence[]> {
    const peers = this.#sent.map(({ delivery }) => delivery.peer);
    const rejects = await this.#database.rejectedFrom(peers, this.#newestBefore);
    const areStored = await this.#areAtTheirTime(this.#sent.map(({ expected }) => expected));
    const onReceipt = await this.#areAtReceipt();
    return this.#sent.map(({ expected, wasStored, delivery }, index) => ({
      expected,
      wasStored,
      isStored: areStored[index] || onReceipt[index],
      rejects: rejects.filter(({ peer }) => peer === delivery.peer),
      isSettled,
    }));
  }

  /** Whether a reading is stored where each is expected; false for those without a time of their own. */
  #areAtTheirTime(expected: readonly (Expectation | undefined)[]): Promise<boolean[]> {
    return whereKnown(
      expected.map((one) =>
        one === undefined || one.timeUs === null
          ? undefined
          : { sensorId: one.sensorId, timeUs: one.timeUs },
      ),
      (keys) => this.#database.areStored(keys),
    );
  }

  /** Whether those without a time of their own are stored under the time of their receipt. */
  #areAtReceipt(): Promise<boolean[]> {
    return whereKnown(
      this.#sent.map(({ expected, delivery }) =>
        expected?.timeUs === null
          ? {
              sensorId: expected.sensorId,
              fromUs: delivery.sentAtMs * 1_000,
              toUs: (delivery.closedAtMs + 1) * 1_000,
            }
          : undefined,
      ),
      (keys) => this.#database.areStoredOnReceipt(keys),
    );
  }
}

/** Whether one before it is expected at the same place. */
function isRepeated(expected: readonly (Expectation | undefined)[], index: number): boolean {
  const own = expected[index];
  if (own === undefined || own.timeUs === null) return false;
  return expected
    .slice(0, index)
    .some((other) => other?.sensorId === own.sensorId && other.timeUs === own.timeUs);
}

/** Asks for the keys that there are; false for the others. */
async function whereKnown<Key>(
  keys: readonly (Key | undefined)[],
  ask: (keys: Key[]) => Promise<boolean[]>,
): Promise<boolean[]> {
  const known = keys.filter((key) => key !== undefined);
  const answers = known.length === 0 ? [] : await ask(known);
  const next = answers.values();
  return keys.map((key) => key !== undefined && next.next().value === true);
}

/** Where a server that listens on an address can be reached from the same machine. */
function localAddress(listensOn: string): string {
  if (listensOn === '0.0.0.0') return '127.0.0.1';
  return listensOn === '::' ? '::1' : listensOn;
}
