/**
 * Turns objects into rows of the batch: the usual ones by a scan over their bytes, all others by
 * JSON.parse and the rules of a reading.
 *
 * What always holds: both ways give the same row for the same bytes (the short way takes an object
 * only if it understands all of it); numbers with no column keep the digits that were sent; an
 * object ends either as a reading or as a reject with its reason, never as both or neither.
 */
import { isUtf8 } from 'node:buffer';
import {
  describeError,
  FieldRefused,
  isPlausibleTime,
  measurement,
  sensorId,
  sentTimeUs,
  timeZone,
  unknownSensorId,
  type Settings,
  type TimeZone,
} from '@zdenergy/core';
import type { Batch } from '@zdenergy/storage';
import { deviceTime, encodeExtra, extraFields } from './extra-fields.js';
import { membersOf } from './members.js';
import { noRejects, rejectKind } from './reject-kinds.js';
import { UsualObject } from './usual-object.js';

/** Where readings of one connection go, and who is told of them. */
export interface Destination {
  readonly peer: string;
  readonly batch: Batch;
  /** By the wall clock, when the chunk came. */
  readonly receivedAtUs: number;
  /** The object that carried this `seq` (as sent, JSON) was taken; or refused, for the reason given. */
  answer(seq: string, refusal: string | null): void;
  /** Something became a reject, for the log. */
  rejected(reason: string): void;
}

/** What the decoder has seen since the process started. */
export interface DecoderCounts {
  readings: number;
  rejected: number;
  timesReplaced: number;
}

export type DecoderSettings = Pick<
  Settings,
  'sensorTimeZone' | 'clockSkewFutureMs' | 'luxPerWm2' | 'tcpAck'
>;

/** Which of several processes that receive at once: it uses every `count`th microsecond. */
export interface Lane {
  readonly index: number;
  readonly count: number;
}

/** More readings than a microsecond each never come at once. */
const maxAheadUs = 1_000_000;
const maxReasonCharacters = 300;
/**
 * As sent, as JSON. Answers wait for the disk, so a gateway must not make them much larger than what
 * they answer. Ids of any usual kind are far shorter.
 */
const maxSeqBytes = 256;
const unknownIdBytes = Buffer.from(unknownSensorId);

export class Decoder {
  readonly counts: DecoderCounts = { readings: 0, rejected: 0, timesReplaced: 0 };
  /** What `counts.rejected` is made of. */
  readonly rejects = noRejects();
  readonly #settings: DecoderSettings;
  readonly #zone: TimeZone;
  readonly #usual: UsualObject;
  readonly #lane: Lane;
  #lastReceiptUs = 0;

  /** @param lane the microseconds that are this process's own; without it, all are. */
  constructor(settings: DecoderSettings, lane: Lane = { index: 0, count: 1 }) {
    this.#settings = settings;
    this.#lane = lane;
    this.#zone = timeZone(settings.sensorTimeZone);
    this.#usual = new UsualObject(this.#zone, settings.tcpAck);
  }

  /**
   * Takes the object at `start` if it is usual and its rules are kept; returns the index after it,
   * or 0 when it needs the long way.
   */
  takeUsual(bytes: Buffer, start: number, end: number, to: Destination): number {
    const usual = this.#usual;
    const stop = usual.scan(bytes, start, end);
    if (stop === 0) return 0;
    if (!isPlausibleTime(usual.timeUs, to.receivedAtUs, this.#settings.clockSkewFutureMs)) return 0;
    const { lux } = usual;
    let { irradiance } = usual;
    if (irradiance !== irradiance) irradiance = lux / this.#settings.luxPerWm2;
    to.batch.addReading(
      to.peer,
      bytes,
      usual.idStart,
      usual.idEnd,
      usual.timeUs,
      usual.temperature,
      usual.humidity,
      lux,
      irradiance,
      usual.extra.isEmpty ? null : usual.extra.finish(),
      to.receivedAtUs,
    );
    this.counts.readings += 1;
    if (usual.seqEnd > 0) to.answer(bytes.toString('latin1', usual.seqStart, usual.seqEnd), null);
    return stop;
  }

  /** Takes what has the structure of an object: it becomes a reading, or a reject with its reason. */
  takeObject(bytes: Buffer, start: number, end: number, to: Destination): void {
    const object = bytes.subarray(start, end);
    // Also what is no UTF-8 has members that show whether an answer is due.
    const text = object.toString();
    let values: Record<string, unknown>;
    try {
      values = JSON.parse(text) as Record<string, unknown>;
    } catch (error) {
      this.reject(object, object.length, oneLine(`no JSON object: ${describeError(error)}`), to);
      return;
    }
    const sent = membersOf(text);
    const seq = this.#settings.tcpAck ? seqOf(values['seq'], sent) : undefined;
    try {
      if (!isUtf8(object)) throw new FieldRefused('it is not valid UTF-8');
      this.#addReading(values, sent, seq === undefined ? undefined : 'seq', to);
    } catch (error) {
      if (!(error instanceof FieldRefused)) throw error;
      const reason = oneLine(error.message);
      this.reject(object, object.length, reason, to);
      if (seq !== undefined) to.answer(seq, reason);
      return;
    }
    if (seq !== undefined) to.answer(seq, null);
  }

  /** Notes what is no reading as a reject. `bytes` may be only the beginning of it. */
  reject(bytes: Buffer, totalBytes: number, reason: string, to: Destination): void {
    const shown = totalBytes > bytes.length ? withoutCutCharacter(bytes) : bytes;
    const more = totalBytes - shown.length;
    const raw = storableText(shown) + (more > 0 ? `… (${more} bytes more)` : '');
    to.batch.addRejected(to.receivedAtUs, to.peer, reason, raw);
    this.counts.rejected += 1;
    this.rejects[rejectKind(reason)] += 1;
    to.rejected(reason);
  }

  /** @throws {FieldRefused} before anything was added. */
  #addReading(
    values: Record<string, unknown>,
    sent: ReadonlyMap<string, string>,
    answered: string | undefined,
    to: Destination,
  ): void {
    const id = sensorId(values['id'], sent.get('id') ?? '');
    const temperature = measurement('temp', values['temp']);
    const humidity = measurement('rh', values['rh']);
    const lux = measurement('lux', values['lux']);
    const sentIrradiance = measurement('irradiance', values['irradiance']);
    const irradiance = Number.isNaN(sentIrradiance)
      ? lux / this.#settings.luxPerWm2
      : sentIrradiance;
    const extra = extraFields(sent, answered);
    const isEmpty = [temperature, humidity, lux, sentIrradiance].every(Number.isNaN);
    if (isEmpty && extra.size === 0) {
      throw new FieldRefused('it has neither a measurement nor any other field');
    }
    let timeUs = sentTimeUs(values['time'], this.#zone);
    const { clockSkewFutureMs } = this.#settings;
    if (timeUs === undefined || !isPlausibleTime(timeUs, to.receivedAtUs, clockSkewFutureMs)) {
      const sentTime = sent.get('time') ?? 'null';
      if (sentTime !== 'null') extra.set('device_time', deviceTime(sentTime));
      timeUs = this.#receiptTimeUs(to.receivedAtUs);
      this.counts.timesReplaced += 1;
    }
    const idBytes = id === unknownSensorId ? unknownIdBytes : Buffer.from(id);
    to.batch.addReading(
      to.peer,
      idBytes,
      0,
      idBytes.length,
      timeUs,
      temperature,
      humidity,
      lux,
      irradiance,
      extra.size === 0 ? null : encodeExtra(extra),
      to.receivedAtUs,
    );
    this.counts.readings += 1;
  }

  /**
   * The time of receipt in place of a reading's own, never the same twice, in no process: two readings
   * of a sensor without a clock that came together must not stand in each other's way.
   */
  #receiptTimeUs(receivedAtUs: number): number {
    const { index, count } = this.#lane;
    const ownUs = receivedAtUs - (receivedAtUs % count) + index;
    const aheadUs = this.#lastReceiptUs - ownUs;
    // Further ahead than readings can come at once: the clock was set back.
    const isClockBack = aheadUs > maxAheadUs * count;
    this.#lastReceiptUs = aheadUs < 0 || isClockBack ? ownUs : this.#lastReceiptUs + count;
    return this.#lastReceiptUs;
  }
}

/** What is to be answered; anything else under that name is a field like others. */
function seqOf(value: unknown, sent: ReadonlyMap<string, string>): string | undefined {
  const seq = typeof value === 'string' || typeof value === 'number' ? sent.get('seq') : undefined;
  return seq === undefined || Buffer.byteLength(seq) > maxSeqBytes ? undefined : seq;
}

/** A reason may quote what was sent; it stays one line of the log, and a text Postgres can hold. */
const oneLine = (reason: string): string =>
  (reason.length > maxReasonCharacters ? `${reason.slice(0, maxReasonCharacters)}…` : reason)
    .replace(/\p{Cc}+/gu, ' ')
    .toWellFormed();

/** Bytes as a text that Postgres can hold; if they are no UTF-8, all but ASCII is shown as \\xNN. */
function storableText(bytes: Buffer): string {
  if (isUtf8(bytes)) return storable(bytes.toString());
  return bytes.toString('latin1').replace(/[^\t\n\r -~]/g, shownByte);
}

const shownByte = (character: string): string =>
  `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;

const storable = (text: string): string => text.replaceAll('\0', '\\x00').toWellFormed();

/** Without the beginning of a last character that was cut. */
function withoutCutCharacter(bytes: Buffer): Buffer {
  for (let cut = 1; cut <= 3; cut += 1) {
    if ((bytes[bytes.length - cut] ?? 0) >= 0xc0) return bytes.subarray(0, bytes.length - cut);
  }
  return bytes;
}
