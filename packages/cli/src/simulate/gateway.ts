/**
 * One simulated gateway: measures each interval, keeps what it could not send, connects again.
 *
 * What always holds: of all readings measured, each is in its memory, on its way, sent or failed;
 * its memory is bounded, and what does not fit is counted as failed; readings on a connection that
 * broke before they were sent (or, where answers are expected, before the answer) are sent again.
 */
import { formatDuration } from '@zdenergy/core';
import { AnswerLines, type Answer } from './answers.js';
import { draw } from './chance.js';
import { Connection, type Target } from './connection.js';
import type { Counts } from './counts.js';
import { planSending, type Faults } from './faults.js';
import { Memory, memorySize, mostCatchUpMs, neverHanded, type Held } from './memory.js';
import { readingText, type Wording } from './reading.js';
import type { TimerWheel } from './timer-wheel.js';

/** What all gateways of a fleet share. */
export interface FleetPlan {
  readonly target: Target;
  readonly sensorsPerGateway: number;
  readonly intervalMs: number;
  /** `each` opens a connection for every reading. */
  readonly connect: 'keep' | 'each';
  readonly expectAnswers: boolean;
  readonly faults: Faults;
  readonly wording: Wording;
  /** What to add to the monotonic clock for the time of day. */
  readonly timeOfDayOffsetMs: number;
}

/** A server that does not take a connection, or does not finish with it, is given up after this. */
const patienceMs = 15_000;
/** Sets the draws for reconnecting apart from those for faults. */
const backoffKey = 0xbac0ff;

/**
 * How long to wait before the nth attempt, in ms: 1 s doubling to 30 s, ±20 % to spread a fleet.
 * @param chance from 0 to 1
 */
export function backoffMs(failures: number, chance: number): number {
  return Math.min(30_000, 1_000 * 2 ** (failures - 1)) * (0.8 + 0.4 * chance);
}

export class Gateway {
  readonly #index: number;
  readonly #plan: FleetPlan;
  readonly #wheel: TimerWheel;
  readonly #counts: Counts;
  readonly #memory: Memory;
  #connection: Connection | undefined;
  #answers = new AnswerLines();
  #lastSeq = 0;
  #failures = 0;
  #backingOff = false;
  #measuring = true;
  #stopped = false;

  constructor(index: number, plan: FleetPlan, wheel: TimerWheel, counts: Counts) {
    this.#index = index;
    this.#plan = plan;
    this.#wheel = wheel;
    this.#counts = counts;
    this.#memory = new Memory(memorySize(plan.sensorsPerGateway, plan.intervalMs));
  }

  get isConnected(): boolean {
    return this.#connection?.isOpen === true;
  }

  /** Whether it has no connection, not even one that is being made or closed. */
  get isClosed(): boolean {
    return this.#connection === undefined;
  }

  /** Readings that the network has not taken. */
  get waiting(): number {
    return this.#memory.waiting + (this.#plan.expectAnswers ? 0 : this.#memory.onTheirWay);
  }

  /** Readings on their way whose answer is still to come. */
  get unanswered(): number {
    return this.#plan.expectAnswers ? this.#memory.onTheirWay : 0;
  }

  /** Measures first at `firstDueMs`, then each interval, until `untilMs` (monotonic clock). */
  start(firstDueMs: number, untilMs: number): void {
    this.#wheel.at(firstDueMs, (nowMs) => this.#measure(firstDueMs, untilMs, nowMs));
  }

  stopMeasuring(): void {
    this.#measuring = false;
  }

  /** Gives up what is left, and closes the connection in order. */
  stop(): void {
    this.#stopped = true;
    this.#counts.failed += this.#memory.unsent;
    this.#connection?.end();
  }

  destroy(): void {
    this.#connection?.destroy();
  }

  #measure(dueMs: number, untilMs: number, nowMs: number): void {
    if (!this.#measuring || dueMs >= untilMs) return;
    const { intervalMs, sensorsPerGateway, timeOfDayOffsetMs } = this.#plan;
    const lateMs = Math.min(nowMs, untilMs) - dueMs;
    if (lateMs > Math.max(intervalMs, mostCatchUpMs)) {
      // Paused or overloaded: a gateway that did not run has measured nothing.
      const rounds = Math.floor(lateMs / intervalMs);
      this.#counts.skipped += rounds * sensorsPerGateway;
      this.#measure(dueMs + rounds * intervalMs, untilMs, nowMs);
      return;
    }
    const timeMs = dueMs + timeOfDayOffsetMs;
    for (let nth = 0; nth < sensorsPerGateway; nth += 1) {
      this.#hold(this.#index * sensorsPerGateway + nth, timeMs);
    }
    this.#pump();
    this.start(dueMs + intervalMs, untilMs);
  }

  #hold(sensor: number, timeMs: number): void {
    this.#lastSeq += 1;
    this.#counts.measured += 1;
    const hasRoom = this.#memory.hold({ sensor, timeMs, seq: this.#lastSeq });
    if (!hasRoom) this.#counts.failed += 1;
  }

  /** Sends what can be sent, and connects when there is something to send. */
  #pump(): void {
    if (this.#stopped) return;
    if (this.#connection === undefined && this.#memory.waiting > 0) this.#connect();
    const oneAtATime = this.#plan.connect === 'each';
    while (this.#connection?.isReady === true && !(oneAtATime && this.#memory.onTheirWay > 0)) {
      const reading = this.#memory.takeNext();
      if (reading === undefined) return;
      this.#send(this.#connection, reading);
    }
  }

  #send(connection: Connection, reading: Held): void {
    const { faults, wording } = this.#plan;
    reading.attempts += 1;
    if (reading.attempts > 1) this.#counts.resent += 1;
    const sending = planSending(
      readingText(reading, wording),
      faults,
      wording.seed,
      this.#index,
      reading.seq,
      reading.attempts,
    );
    this.#counts.splits += Number(sending.split);
    this.#counts.garbage += Number(sending.garbage);
    this.#counts.cuts += Number(sending.cut);
    this.#counts.duplicates += Number(sending.duplicate);
    const handed = (): void => {
      reading.handedAtMs = performance.now();
    };
    connection.send(sending, handed, () => {
      this.#markSent(reading);
      if (!this.#plan.expectAnswers) this.#settle(reading);
    });
  }

  #markSent(reading: Held): void {
    if (!reading.sent && !this.#stopped) this.#counts.sent += 1;
    reading.sent = true;
  }

  /** The gateway has done its part for this reading. */
  #settle(reading: Held): void {
    this.#memory.forget(reading);
    this.#failures = 0;
    if (this.#plan.connect === 'each') this.#connection?.end();
  }

  #receive(bytes: Buffer): void {
    if (this.#stopped || !this.#plan.expectAnswers) return;
    for (const answer of this.#answers.push(bytes)) this.#takeAnswer(answer);
    this.#pump();
  }

  #takeAnswer(answer: Answer): void {
    const reading = answer.kind === 'strange' ? undefined : this.#memory.findOnItsWay(answer.seq);
    const isOfSomethingSent =
      answer.kind !== 'strange' &&
      answer.seq >= 1 &&
      answer.seq <= this.#lastSeq &&
      reading?.handedAtMs !== neverHanded;
    if (answer.kind === 'strange' || !isOfSomethingSent) {
      this.#counts.strangeAnswers += 1;
      this.#counts.lastStrangeAnswer =
        answer.kind === 'strange' ? answer.text : `${answer.kind} ${answer.seq}`;
    } else if (reading !== undefined) {
      // A reading sent twice is answered twice; the first answer counts.
      this.#markSent(reading);
      this.#counts.latencies.add(performance.now() - reading.handedAtMs);
      if (answer.kind === 'ack') {
        this.#counts.acked += 1;
      } else {
        this.#counts.nacked += 1;
        this.#counts.lastNackReason = answer.reason;
      }
      this.#settle(reading);
    }
  }

  #connect(): void {
    if (this.#backingOff || this.#stopped || this.#connection !== undefined) return;
    this.#answers = new AnswerLines();
    let wasOpen = false;
    const connection = new Connection(this.#plan.target, this.#wheel, {
      opened: () => {
        wasOpen = true;
        this.#counts.opened += 1;
        this.#pump();
      },
      ready: () => this.#pump(),
      stalled: () => {
        this.#counts.stalls += 1;
      },
      received: (bytes) => this.#receive(bytes),
      closed: (trouble) => this.#closed(wasOpen, trouble),
    });
    this.#connection = connection;
    this.#wheel.at(performance.now() + patienceMs, () => {
      const isDone = connection !== this.#connection;
      const mayStay = this.#plan.connect === 'keep' && connection.isOpen;
      if (!isDone && !mayStay) {
        connection.destroy(`the server did not answer within ${formatDuration(patienceMs)}`);
      }
    });
  }

  #closed(wasOpen: boolean, trouble: string | undefined): void {
    this.#connection = undefined;
    if (this.#stopped) return;
    const isUnfinished = this.#memory.onTheirWay > 0;
    this.#memory.takeBack();
    if (trouble !== undefined) {
      this.#failures += 1;
      this.#counts.lastTrouble = trouble;
      if (wasOpen) this.#counts.dropped += 1;
      else this.#counts.refused += 1;
    }
    // Its own orderly end calls for no pause, its own reset for the shortest.
    if (trouble === undefined && !isUnfinished) this.#pump();
    else this.#backOff();
  }

  #backOff(): void {
    this.#backingOff = true;
    const chance = draw(this.#plan.wording.seed, backoffKey, this.#index, this.#failures);
    const pauseMs = backoffMs(Math.max(1, this.#failures), chance);
    this.#wheel.at(performance.now() + pauseMs, () => {
      this.#backingOff = false;
      if (this.#plan.connect === 'keep' && this.#measuring) this.#connect();
      else this.#pump();
    });
  }
}
